"""The compiled tick and the frame-by-frame path say the same of every stream, however it is cut."""

import asyncio

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sifang.gateways.jt808.connection import Connection
from sifang.gateways.jt808.frame import Header, encode_frame
from sifang.gateways.jt808.kernels import FIX
from sifang.gateways.jt808.server import Jt808Server
from sifang.gateways.jt808.tests.terminal import location
from sifang.monitoring.intake.testing import FakeIntake, device_ref

NUMBERS = ["13853100001", "13853100002", "860000000000017"]
CARDS = [{}, {"alarm_bits": {"17": "strap", "0": "other"}, "status_bits": {"5": "strap"}}, {}]
ICCIDS = ["", "", "89860012345678901234"]


class Pipe:
    """A transport that remembers each write."""

    def __init__(self):
        self.writes, self.reading, self.closed, self.piled = [], True, False, 0

    def write(self, data):
        self.writes.append(bytes(data))

    def get_write_buffer_size(self):
        return self.piled

    def set_write_buffer_limits(self, high):
        pass

    def pause_reading(self):
        self.reading = False

    def resume_reading(self):
        self.reading = True

    def is_closing(self):
        return self.closed

    def close(self):
        self.closed = True

    abort = close


class Door:
    """A server without sockets; `compiled` False: each connection reads its pieces itself, as they came."""

    def __init__(self, *, compiled=True, limits=None):
        refs = [device_ref(n, index=k, quality=CARDS[k], iccid=ICCIDS[k]) for k, n in enumerate(NUMBERS)]
        self.intake = FakeIntake(*refs, holding=True)
        self.intake.wake = lambda: None
        self.server = Jt808Server(self.intake, limits=limits, clock=lambda: 7.0)
        self.compiled, self.pieces = compiled, []
        self.connections, self.pipes = [], []

    def connect(self, k, layout="2013"):
        connection, pipe = Connection(self.server), Pipe()
        connection.connection_made(pipe)
        self.connections.append(connection)
        self.pipes.append(pipe)
        code = b"A1B2C3D4"
        if layout == "2019":
            code = bytes([len(code)]) + code + b"0" * 15 + b"1.0".ljust(20, b"\0")
        self.hear(len(self.pipes) - 1, encode_frame(Header(0x0102, layout, NUMBERS[k], 1), code))
        self.tick()
        return pipe

    def hear(self, which, data):
        if self.pipes[which].closed:  # a transport that is closing delivers nothing
            return
        if self.compiled:
            self.connections[which].data_received(data)
        else:
            self.pieces.append((which, data))

    def tick(self):
        for which, data in self.pieces:
            self.connections[which].take(data)
        self.pieces.clear()
        self.server.gather.tick()

    def commit(self):
        self.intake.commit()

    def said(self):
        return [b"".join(pipe.writes) for pipe in self.pipes]

    def rows(self, device):
        found = self.intake.submitted
        rows = np.concatenate(found) if found else np.zeros(0, FIX)
        rows = rows[rows["device"] == device].copy()
        rows["received_s"] = 0
        return rows.tobytes()


async def told(compiled, layouts, cuts):
    """Run one history: per step (which connection, bytes) or a tick or a commit."""
    door = Door(compiled=compiled)
    for k, layout in enumerate(layouts):
        door.connect(k, layout)
    for step in cuts:
        if step == "tick":
            door.tick()
        elif step == "commit":
            door.commit()
        else:
            door.hear(*step)
    door.tick()
    door.commit()
    alive = [c for c, pipe in zip(door.connections, door.pipes, strict=True) if not pipe.closed]
    splitters = [(c.splitter.rest, c.splitter.is_open) for c in alive]
    flights = [int(door.server.slots.in_flight[c.slot]) for c in door.connections]
    return {
        "said": door.said(),
        "rows": [door.rows(k) for k in range(len(NUMBERS))],
        "refused": {
            why: n for why, n in door.intake.refused.items() if why[1] != "between_frames"
        },  # per piece
        "dropped": door.server.dropped_bytes,
        "closed": [pipe.closed for pipe in door.pipes],
        "splitters": splitters,
        "flights": flights,
    }


@st.composite
def locations(draw):
    item = st.tuples(st.sampled_from([0x01, 0x31, 0x56, 0xFB, 0xF1]), st.binary(max_size=4))
    items = b"".join(bytes([i, len(v)]) + v for i, v in draw(st.lists(item, max_size=3)))
    items += draw(st.sampled_from([b""] * 8 + [b"\xf1\x14" + ICCIDS[2].encode(), b"\xf1\x14" + b"8" * 20]))
    return location(
        alarm=draw(st.sampled_from([0, 1, 1 << 17, 0x7D7E7D02])),
        status=draw(st.sampled_from([0xC0002, 0x2, 0, 0xC0026, 0x7E007D0E])),
        lat=draw(st.sampled_from([36650781, 0, 0x017D7E01, 91_000_000])),
        time=f"26112308{draw(st.integers(0, 61)):02}{draw(st.integers(0, 59)):02}",
        items=items,
    )


@st.composite
def frames(draw, number, layout):
    """Mostly ordinary locations; sometimes everything else that comes over a line."""
    serial = draw(st.sampled_from([0, 1, 0x7D7E, 0x7E7D, 0xFFFF]))
    kind = draw(st.integers(0, 19))
    header = {"message_id": 0x0200, "layout": layout, "terminal": number, "serial": serial}
    body = draw(locations())
    if kind == 0:
        header["terminal"] = "13853100009"
    elif kind == 1:
        header["message_id"] = draw(st.sampled_from([0x0002, 0x0704, 0x0104, 0x0003, 0x0705]))
    elif kind == 2:
        header["encryption"] = 1
    elif kind == 3:
        header |= {"total": 2, "number": draw(st.integers(1, 2))}
    elif kind == 4:
        header["layout"] = "2013" if layout == "2019" else "2019"
    elif kind == 5:
        body = draw(st.binary(max_size=40))
    frame = encode_frame(Header(**header), body)
    if kind == 6:
        spoilt = bytearray(frame)
        spoilt[draw(st.integers(0, len(frame) - 1))] ^= draw(st.integers(1, 255))
        frame = bytes(spoilt)
    elif kind == 7:
        frame = draw(
            st.sampled_from([b"~", b"~~", b"\r\n", b"}", b"(x)~", frame[:-1], frame[1:], frame + b"~"])
        )
    return frame


@st.composite
def histories(draw):
    layouts = draw(st.lists(st.sampled_from(["2013", "2019"]), min_size=1, max_size=3))
    if len(layouts) == 3:
        layouts[2] = "2013"  # a binary IMEI fits the six bytes of 2013 alone
    streams = [
        b"".join(draw(st.lists(frames(NUMBERS[k], layout), max_size=6))) for k, layout in enumerate(layouts)
    ]
    steps = []
    while any(streams):
        which = draw(st.integers(0, len(streams) - 1))
        size = draw(st.sampled_from([1, 7, 30, 60, 61, 200, 1000]))
        if streams[which]:
            steps.append((which, streams[which][:size]))
            streams[which] = streams[which][size:]
        kind = draw(st.integers(0, 5))
        steps += ["tick"] if kind == 0 else ["tick", "commit"] if kind == 1 else []
    return layouts, steps


LONE = [(0, b"~"), "tick", (0, b"abc"), "tick", (0, b"~x~"), "tick", (0, b"d"), "tick", (0, b"~")]

OTHER_SIM = encode_frame(
    Header(0x0200, "2013", NUMBERS[2], 5), location(items=b"\x31\x01\x09\xf1\x14" + b"8" * 20)
)


@settings(max_examples=250, deadline=None)
@given(histories())
@example((["2013"], LONE))
@example((["2013", "2013", "2013"], [(2, OTHER_SIM), "tick", "commit"]))
def test_however_a_stream_is_cut_both_paths_take_and_answer_the_same(history):
    layouts, steps = history
    compiled, plain = (asyncio.run(told(is_compiled, layouts, steps)) for is_compiled in (True, False))
    assert compiled == plain
