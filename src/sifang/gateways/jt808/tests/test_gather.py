"""The compiled tick and the frame-by-frame path say the same of every stream, however it is cut."""

import asyncio
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sifang.gateways.jt808.connection import Connection
from sifang.gateways.jt808.frame import Header, encode_frame
from sifang.gateways.jt808.gather import LARGE
from sifang.gateways.jt808.kernels import FIX
from sifang.gateways.jt808.server import Jt808Server, Limits
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
        "refused_frames": sorted(door.intake.refused_frames),
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

# a location waits for its commit, the terminal logs out, and a stranger's number is heard on the connection
LOGGED_OUT = [
    (0, encode_frame(Header(0x0200, "2013", NUMBERS[0], 5), location())),
    (0, encode_frame(Header(0x0003, "2013", NUMBERS[0], 6), b"")),
    (0, encode_frame(Header(0x0200, "2013", "13853100009", 7), location())),
]


@settings(max_examples=250, deadline=None)
@given(histories())
@example((["2013"], [LOGGED_OUT[0], "tick", *LOGGED_OUT[1:], "tick", "commit"]))
@example((["2013"], LONE))
@example((["2013", "2013", "2013"], [(2, OTHER_SIM), "tick", "commit"]))
def test_however_a_stream_is_cut_both_paths_take_and_answer_the_same(history):
    layouts, steps = history
    compiled, plain = (asyncio.run(told(is_compiled, layouts, steps)) for is_compiled in (True, False))
    assert compiled == plain


def ordinary(number=NUMBERS[0], serial=7, **facts):
    return encode_frame(Header(0x0200, "2013", number, serial), location(**facts))


def inside(scenario):
    """Run a scenario that needs the loop but no waiting."""

    async def run():
        scenario()

    asyncio.run(run())


def test_each_connection_is_written_to_once_a_tick_and_only_after_the_commit():
    def scenario():
        door = Door()
        pipes = [door.connect(0), door.connect(1)]
        before = [len(pipe.writes) for pipe in pipes]
        for second in range(5):
            door.hear(0, ordinary(time=f"2611230815{second:02}"))
        door.hear(1, ordinary(NUMBERS[1]))
        door.tick()
        assert [len(pipe.writes) for pipe in pipes] == before
        assert [len(one) for one in door.intake.submitted] == [6]  # one submission for all
        door.commit()
        assert [len(pipe.writes) - had for pipe, had in zip(pipes, before, strict=True)] == [1, 1]
        assert pipes[0].writes[-1].count(b"~") == 10

    inside(scenario)


def test_the_bytes_of_a_row_are_its_frame_as_it_came():
    def scenario():
        door = Door()
        door.connect(0)
        door.connect(1)
        sent = [ordinary(NUMBERS[1], serial=0x7D7E), ordinary(alarm=0x7E00)]
        door.hear(1, sent[0][:20])
        door.tick()
        door.hear(0, sent[1])
        door.hear(1, sent[0][20:])
        door.tick()
        ((rows,), (frames,)) = door.intake.submitted, door.intake.frames
        assert {int(one["device"]): frames(k) for k, one in enumerate(rows)} == {1: sent[0], 0: sent[1]}

    inside(scenario)


def test_a_device_set_aside_is_not_answered_and_the_others_are():
    def scenario():
        door = Door()
        pipes = [door.connect(0), door.connect(1)]
        door.hear(0, ordinary())
        door.hear(1, ordinary(NUMBERS[1]))
        door.tick()
        before = [len(pipe.writes) for pipe in pipes]
        (((fixes, answer),), door.intake.waiting) = door.intake.waiting, []
        answer(fixes["device"] != 0)
        assert [len(pipe.writes) - had for pipe, had in zip(pipes, before, strict=True)] == [0, 1]
        assert not door.server.slots.in_flight.any()

    inside(scenario)


def test_a_transport_that_has_failed_keeps_nobody_else_from_an_answer():
    def scenario():
        door = Door()
        door.connect(0)
        other = door.connect(1)

        def broken(_data):
            raise RuntimeError

        door.server.slots.writers[door.connections[0].slot] = broken
        door.hear(0, ordinary())
        door.hear(1, ordinary(NUMBERS[1]))
        door.tick()
        had = len(other.writes)
        door.commit()
        assert len(other.writes) == had + 1

    inside(scenario)


def test_what_a_terminal_sent_before_it_left_is_stored_and_its_slot_is_given_to_nobody_too_soon():
    def scenario():
        door = Door()
        door.connect(0)
        door.hear(0, ordinary())
        slot = door.connections[0].slot
        door.connections[0].connection_lost(None)
        assert len(door.intake.submitted) == 1
        other = door.connect(1)
        assert door.connections[1].slot != slot
        had = len(other.writes)
        door.commit()  # the answer to who has left reaches nobody
        assert len(other.writes) == had
        door.hear(1, ordinary(NUMBERS[1]))
        door.tick()
        door.commit()
        door.connect(2)
        assert door.connections[2].slot == slot

    inside(scenario)


def test_one_connection_over_its_bound_is_not_read_until_enough_is_answered():
    def scenario():
        door = Door(limits=Limits(in_flight=3))
        pipe = door.connect(0)
        door.hear(0, b"".join(ordinary(time=f"2611230815{second:02}") for second in range(3)))
        door.tick()
        assert not pipe.reading
        door.commit()
        assert pipe.reading
        door.hear(0, b"x" * (LARGE + 1))
        assert not pipe.reading  # so much in one piece: not more before the tick
        door.tick()
        assert pipe.reading

    inside(scenario)


def test_more_connections_and_bytes_than_the_first_arrays_hold():
    def scenario():
        door = Door()
        for _ in range(100):
            door.connect(0)
        piece = b"".join(ordinary(serial=n) for n in range(400))
        for _ in range(70):  # more than one call of the kernel
            door.hear(99, piece)
        door.tick()
        assert sum(len(one) for one in door.intake.submitted) == 28_000
        assert len(door.intake.submitted) > 1
        door.commit()
        assert door.pipes[99].writes[-1].count(b"~") % 2 == 0
        assert sum(one.count(b"~") for one in door.pipes[99].writes[1:]) == 56_000

    inside(scenario)


BOUNDS = """
import random
import numpy as np
from sifang.gateways.jt808 import kernels as k
from sifang.gateways.jt808.tests.test_gather import NUMBERS, ordinary
from sifang.gateways.jt808.frame import start_of_frame
chance = random.Random(5)
table, heads = np.zeros(2, k.SLOT), np.zeros((2, k.HEAD), np.uint8)
head = start_of_frame(0x8001, "2013", NUMBERS[0], 5)
heads[1, : len(head)] = np.frombuffer(head, np.uint8)
table["open"][1], table["head_size"][1] = 1, len(head)
taken = 0
for _ in range(3000):
    stream = bytearray(b"".join(ordinary(serial=chance.randrange(65536)) for _ in range(4)))
    for _ in range(chance.randrange(4)):
        at = chance.randrange(len(stream))
        if chance.random() < 0.3:
            del stream[at : at + chance.randrange(1, 20)]
        else:
            stream[at] = chance.choice([0x7E, 0x7D, 0, 255, chance.randrange(256)])
    data = np.frombuffer(bytes(stream), np.uint8)
    room = chance.randrange(6)
    rows, marks = np.empty(room, k.FIX), np.empty(room, k.MARK)
    groups = np.zeros(3, k.GROUP)
    groups["slot"] = [1, chance.choice([1, 0, 5, -1]), 1]
    cut = sorted(chance.randrange(len(data) + 1) for _ in range(2))
    ends = np.array([*cut, len(data) + chance.choice([0, 0, 9])])
    n = k.read_tick(data, ends, table, heads, np.zeros(2090, np.uint8), rows, marks, groups)
    assert 0 <= n <= room
    taken += n
    out = np.zeros(chance.randrange(200), np.uint8)
    told = k.write_answers(groups, marks[:n], np.ones(n, np.uint8), table, heads, out, np.zeros(3, np.int64))
    assert told <= len(out)
assert taken > 1000, taken
"""


@pytest.mark.slow
def test_the_kernels_read_and_write_within_their_bounds():
    """With numba's own checks of every index, on mutated streams, small rooms and wrong ends."""
    env = os.environ | {
        "NUMBA_BOUNDSCHECK": "1",
        "NUMBA_CACHE_DIR": os.environ["NUMBA_CACHE_DIR"] + "-checked",
    }
    done = subprocess.run(
        [sys.executable, "-c", BOUNDS], env=env, capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stderr[-2000:]
