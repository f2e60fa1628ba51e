"""The session rules, over real loopback sockets."""

import asyncio
import resource

import pytest
import uvloop

from sifang.gateways.jt808.connection import Connection
from sifang.gateways.jt808.server import Jt808Server, Limits, most_connections
from sifang.gateways.jt808.tests.terminal import IMEI, NUMBER, connected, location, serving
from sifang.monitoring.intake.codes import AuthCodes
from sifang.monitoring.intake.columns import F_LOCATED, F_REPLAYED, F_STRAP_KNOWN, F_STRAP_OPEN
from sifang.monitoring.intake.testing import FakeIntake, device_ref

SECRET = b"a secret of 32 bytes for tests.."


def run(scenario):
    return uvloop.run(asyncio.wait_for(scenario, 20))  # as the watch process does


@pytest.mark.parametrize("layout", ["2013", "2019"])
def test_a_terminal_registers_authenticates_and_its_position_is_acknowledged(layout):
    async def scenario():
        codes = AuthCodes(SECRET)
        intake = FakeIntake(device_ref(NUMBER, codes.code_of(NUMBER), imei=IMEI))
        async with serving(intake, codes=codes) as (_, port), connected(port, layout=layout) as terminal:
            answer = await terminal.register()
            assert (answer["message_id"], answer["header"], answer["body"]["result"]) == ("8100", layout, 0)
            assert await terminal.sign_in(answer["body"]["code"]) == 0
            serial = terminal.send(0x0200, location())
            assert (await terminal.hear())["body"] == {"ack_serial": serial, "ack_id": "0200", "result": 0}
            (fix,) = intake.fixes
            assert (fix["lon"], fix["lat"], fix["taken_s"]) == (117.113873, 36.650781, 1795392900)
            assert fix["flags"] & F_LOCATED

    run(scenario())


def test_nothing_is_acknowledged_before_the_commit():
    async def scenario():
        intake = FakeIntake(device_ref(NUMBER), holding=True)
        async with serving(intake) as (_, port), connected(port) as terminal:
            assert await terminal.sign_in() == 0
            first = terminal.send(0x0200, location())
            assert await terminal.says_nothing() is True
            intake.commit()
            assert (await terminal.hear())["body"]["ack_serial"] == first
            terminal.send(0x0200, location(time="261123081510"))
            await asyncio.sleep(0.05)
            intake.fail()
            assert await terminal.says_nothing() is True  # it will send them again

    run(scenario())


def test_the_first_eight_refusals_leave_the_connection_open():
    async def scenario():
        intake = FakeIntake()
        async with serving(intake) as (_, port), connected(port) as terminal:
            for _ in range(9):
                answer = await terminal.register()
                assert (answer["message_id"], answer["body"]["result"]) == ("8100", 4)
            assert await terminal.hung_up()
            assert intake.refused["jt808", "unknown_terminal"] == 9

    run(scenario())


def test_eight_refusals_and_then_a_good_sign_in():
    async def scenario():
        async with serving() as (_, port), connected(port) as terminal:
            for _ in range(8):
                assert await terminal.sign_in("wrong") == 1
            assert await terminal.sign_in() == 0

    run(scenario())


@pytest.mark.parametrize("message_id", [0x0200, 0x0704, 0x0002, 0x0104, 0x0900])
def test_before_authentication_nothing_else_is_taken(message_id):
    async def scenario():
        intake = FakeIntake(device_ref(NUMBER))
        async with serving(intake) as (_, port), connected(port) as terminal:
            answer = await terminal.ask(message_id, location())
            assert answer["body"]["result"] == 1
            assert intake.refused["jt808", "unauthenticated"] == 1
            assert not intake.submitted
            assert (await terminal.ask(0x0004))["message_id"] == "8004"
            assert (await terminal.ask(0x0003))["body"]["result"] == 0
            assert await terminal.sign_in() == 0

    run(scenario())


def test_a_device_of_another_protocol_is_unknown_here():
    async def scenario():
        intake = FakeIntake(device_ref(NUMBER, protocol="osmand"))
        async with serving(intake) as (_, port), connected(port) as terminal:
            assert (await terminal.register())["body"]["result"] == 4
            assert await terminal.sign_in() == 1

    run(scenario())


def test_a_device_with_a_code_of_its_own_is_not_told_one():
    async def scenario():
        async with serving(codes=AuthCodes(SECRET)) as (_, port), connected(port) as terminal:
            answer = await terminal.register()
            assert answer["body"] == {"ack_serial": 1, "result": 3}

    run(scenario())


def test_another_imei_is_refused_and_told():
    async def scenario():
        intake = FakeIntake(device_ref(NUMBER, imei=IMEI))
        async with serving(intake) as (_, port), connected(port, layout="2019") as terminal:
            assert await terminal.sign_in(imei="860000000000025") == 1
            assert intake.told("sim_changed") == [{"carried": "imei"}]
            assert not intake.told("authenticated")
            assert await terminal.sign_in() == 0

    run(scenario())


@pytest.mark.parametrize(
    ("iccid", "stays"), [("89860012345678901234", True), ("89860012345678909999", False)]
)
def test_another_sim_ends_the_session(iccid, stays):
    async def scenario():
        intake = FakeIntake(device_ref(NUMBER, iccid="89860012345678901234"))
        async with serving(intake) as (_, port), connected(port) as terminal:
            assert await terminal.sign_in() == 0
            assert (await terminal.hear())["message_id"] == "8107"
            told = bytes.fromhex(f"0000{'00' * 32}{iccid}") + b"\x01h\x01f\x01\x01"
            assert (await terminal.ask(0x0107, told))["body"]["result"] == 0
            assert bool(intake.told("sim_changed")) is not stays
            assert bool(intake.told("sim_confirmed")) is stays
            if stays:
                assert (await terminal.ask(0x0002))["body"]["result"] == 0
            else:
                assert await terminal.hung_up()

    run(scenario())


@pytest.mark.parametrize(
    ("iccid", "stays"), [(b"89860012345678901234", True), (b"89860012345678909999", False)]
)
def test_another_sim_named_in_a_location_ends_the_session_too(iccid, stays):
    async def scenario():
        intake = FakeIntake(device_ref(NUMBER, iccid="89860012345678901234"))
        async with serving(intake) as (_, port), connected(port) as terminal:
            assert await terminal.sign_in() == 0
            terminal.send(0x0200, location(items=b"\x30\x01\x1c\xf1\x14" + iccid))
            if stays:
                assert (await terminal.hear())["body"]["result"] == 0
            else:
                assert await terminal.hung_up()
                assert intake.told("sim_changed") == [{"carried": "iccid"}]
            assert bool(intake.submitted) is stays

    run(scenario())


def test_another_terminal_number_on_an_authenticated_connection_is_refused():
    async def scenario():
        intake = FakeIntake(device_ref(NUMBER), device_ref("13853100002", index=1))
        async with serving(intake) as (_, port), connected(port) as terminal:
            assert await terminal.sign_in() == 0
            terminal.number = "13853100002"
            assert (await terminal.ask(0x0200, location()))["body"]["result"] == 1
            assert await terminal.sign_in() == 1
            answer = await terminal.register()
            assert (answer["message_id"], answer["body"]["result"]) == ("8100", 4)
            assert not intake.submitted
            terminal.number = NUMBER
            assert (await terminal.ask(0x0002))["body"]["result"] == 0

    run(scenario())


def test_bytes_between_frames_are_dropped_and_counted():
    async def scenario():
        intake = FakeIntake(device_ref(NUMBER))
        async with serving(intake) as (server, port), connected(port) as terminal:
            assert await terminal.sign_in() == 0
            terminal.writer.write(b"(garbage)" + terminal.frame(0x0002) + b"\r\n" + terminal.frame(0x0002))
            assert (await terminal.hear())["body"]["ack_serial"] == 2
            assert (await terminal.hear())["body"]["ack_serial"] == 3
            assert server.dropped_bytes == len("(garbage)") + 2
            assert intake.refused["jt808", "between_frames"] >= 1

    run(scenario())


def test_noise_before_the_sign_in_does_not_close_the_door():
    async def scenario():
        intake = FakeIntake(device_ref(NUMBER))
        async with serving(intake) as (_, port), connected(port) as terminal:
            terminal.writer.write(b"~noise~" * 30 + b"~")
            assert await terminal.sign_in() == 0
            assert intake.refused["jt808", "bad_checksum"] + intake.refused["jt808", "bad_length"] > 8

    run(scenario())


def test_noise_without_end_does():
    async def scenario():
        async with serving() as (_, port), connected(port) as terminal:
            terminal.writer.write(b"~noise~" * 1000)
            assert await terminal.hung_up()

    run(scenario())


def test_a_terminal_that_calls_itself_by_a_binary_imei_is_answered_by_it():
    async def scenario():
        async with (
            serving(FakeIntake(device_ref(IMEI))) as (_, port),
            connected(port, number=IMEI) as terminal,
        ):
            assert await terminal.sign_in() == 0
            answer = await terminal.ask(0x0200, location())
            assert (answer["terminal"], answer["body"]["result"]) == (IMEI, 0)

    run(scenario())


def test_a_frame_byte_by_byte_is_understood():
    async def scenario():
        async with serving() as (_, port), connected(port) as terminal:
            assert await terminal.sign_in() == 0
            for byte in terminal.frame(0x0002):
                terminal.writer.write(bytes([byte]))
                await asyncio.sleep(0.001)
            assert (await terminal.hear())["body"]["ack_id"] == "0002"

    run(scenario())


def test_malformed_unknown_and_encrypted_messages_are_answered_so():
    async def scenario():
        intake = FakeIntake(device_ref(NUMBER))
        async with serving(intake) as (_, port), connected(port) as terminal:
            assert await terminal.sign_in() == 0
            assert (await terminal.ask(0x0200, b"short"))["body"]["result"] == 2
            assert (await terminal.ask(0x0705, b"1"))["body"]["result"] == 3
            assert (await terminal.ask(0x0200, location(), encryption=1))["body"]["result"] == 3
            broken = bytearray(terminal.frame(0x0002))
            broken[-2] ^= 0x10
            terminal.writer.write(bytes(broken))
            assert (await terminal.hear())["body"]["result"] == 2
            assert intake.refused == {
                ("jt808", "bad_length"): 1,
                ("jt808", "unknown_message"): 1,
                ("jt808", "encrypted"): 1,
                ("jt808", "bad_checksum"): 1,
            }

    run(scenario())


def test_a_value_that_cannot_be_is_counted_and_the_device_forgets_it():
    async def scenario():
        intake = FakeIntake(device_ref(NUMBER))
        async with serving(intake) as (_, port), connected(port) as terminal:
            assert await terminal.sign_in() == 0
            assert (await terminal.ask(0x0200, location(lat=116307629)))["body"]["result"] == 0
            assert intake.refused == {("jt808", "bad_value"): 1}
            assert not intake.submitted

    run(scenario())


def test_a_batch_of_blind_spot_replay_is_taken_whole_and_what_parses_is_saved():
    async def scenario():
        intake = FakeIntake(device_ref(NUMBER))
        async with serving(intake) as (_, port), connected(port) as terminal:
            assert await terminal.sign_in() == 0
            good = [location(time=f"2611230815{second:02}") for second in (1, 2)]
            items = [good[0], b"bad", good[1]]
            body = b"\0\x03\x01" + b"".join(len(one).to_bytes(2, "big") + one for one in items)
            assert (await terminal.ask(0x0704, body))["body"]["result"] == 0
            assert len(intake.fixes) == 2
            assert (intake.fixes["flags"] & F_REPLAYED).all()
            assert intake.refused == {("jt808", "bad_length"): 1}

    run(scenario())


@pytest.mark.parametrize(
    ("bits", "alarm", "expected"),
    [
        ({"17": "strap"}, 1 << 17, F_STRAP_KNOWN | F_STRAP_OPEN),
        ({"17": "strap"}, 0, F_STRAP_KNOWN),
        ({}, 1 << 17, 0),
    ],
)
def test_bit_17_is_the_strap_only_when_the_card_of_the_model_says_so(bits, alarm, expected):
    async def scenario():
        intake = FakeIntake(device_ref(NUMBER, quality={"alarm_bits": bits}))
        async with serving(intake) as (_, port), connected(port) as terminal:
            assert await terminal.sign_in() == 0
            await terminal.ask(0x0200, location(alarm=alarm))
            assert intake.fixes["flags"][0] & (F_STRAP_KNOWN | F_STRAP_OPEN) == expected

    run(scenario())


def test_sub_packages_are_put_together_and_every_part_is_acknowledged_after_the_commit():
    async def scenario():
        intake = FakeIntake(device_ref(NUMBER), holding=True)
        async with serving(intake) as (_, port), connected(port) as terminal:
            assert await terminal.sign_in() == 0
            items = [location(time=f"2611230815{second:02}") for second in range(40)]
            body = b"\0\x28\0" + b"".join(len(one).to_bytes(2, "big") + one for one in items)
            parts = [body[:500], body[500:1000], body[1000:]]
            for number in (1, 3, 2):
                terminal.send(0x0704, parts[number - 1], total=3, number=number)
            assert await terminal.says_nothing() is True
            intake.commit()
            acknowledged = [(await terminal.hear())["body"]["ack_serial"] for _ in range(3)]
            assert sorted(acknowledged) == [2, 3, 4]
            assert len(intake.fixes) == 40

    run(scenario())


def test_lost_sub_packages_are_asked_for_again_and_then_given_up():
    async def scenario():
        now = [0.0]
        intake = FakeIntake(device_ref(NUMBER))
        limits = Limits(sweep_s=0.02)
        async with (
            serving(intake, limits=limits, clock=lambda: now[0]) as (_, port),
            connected(port) as terminal,
        ):
            assert await terminal.sign_in() == 0
            for number in (1, 3):
                terminal.serial = 100 + number
                terminal.send(0x0704, b"x", total=4, number=number)
            await asyncio.sleep(0.05)
            for _ in range(3):
                now[0] += 6
                asked = await terminal.hear()
                assert asked["message_id"] == "8003"
                assert asked["body"] == {"first_serial": 102, "numbers": [2, 4]}
            now[0] += 6
            assert await terminal.says_nothing() is True
            assert intake.refused == {("jt808", "incomplete"): 1}

    run(scenario())


def test_a_part_of_an_unknown_message_is_refused_at_once():
    async def scenario():
        async with serving() as (_, port), connected(port) as terminal:
            assert await terminal.sign_in() == 0
            assert (await terminal.ask(0x0705, b"x", total=2, number=1))["body"]["result"] == 3

    run(scenario())


def test_too_many_sub_packages_are_refused():
    async def scenario():
        intake = FakeIntake(device_ref(NUMBER))
        async with serving(intake) as (_, port), connected(port) as terminal:
            assert await terminal.sign_in() == 0
            assert (await terminal.ask(0x0801, b"x", total=60000, number=1))["body"]["result"] == 1
            assert intake.refused == {("jt808", "too_large"): 1}

    run(scenario())


def test_a_flood_without_delimiters_does_not_grow_the_buffer():
    async def scenario():
        async with serving() as (server, port), connected(port) as terminal:
            assert await terminal.sign_in() == 0
            terminal.writer.write(b"x" * 300_000)
            terminal.writer.write(terminal.frame(0x0002))
            assert (await terminal.hear())["body"]["ack_id"] == "0002"
            assert server.dropped_bytes == 300_000

    run(scenario())


def test_who_never_completes_a_frame_is_hung_up():
    async def scenario():
        now = [0.0]
        limits = Limits(sweep_s=0.02, sign_in_s=60, idle_s=600)
        started = serving(limits=limits, clock=lambda: now[0])
        async with started as (_, port), connected(port) as slow, connected(port) as signed_in:
            assert await signed_in.sign_in() == 0
            for step in range(7):
                now[0] = step * 10.0
                slow.writer.write(b"\x7e" if step == 0 else b"\x01")
                await asyncio.sleep(0.03)
            now[0] = 61
            assert await slow.hung_up()
            assert (await signed_in.ask(0x0002))["body"]["result"] == 0
            now[0] = 700
            assert await signed_in.hung_up()

    run(scenario())


def test_one_connection_too_many_is_closed():
    async def scenario():
        async with serving(limits=Limits(connections=1)) as (_, port), connected(port) as first:
            assert await first.sign_in() == 0
            async with connected(port) as second:
                assert await second.hung_up()
            assert (await first.ask(0x0002))["body"]["result"] == 0

    run(scenario())


def test_strangers_never_keep_a_device_out():
    async def scenario():
        async with serving(limits=Limits(connections=3)) as (server, port), connected(port) as device:
            assert await device.sign_in() == 0
            async with connected(port) as oldest, connected(port) as newer:
                await asyncio.sleep(0.03)
                async with connected(port) as again:  # the terminal itself, on a new line
                    assert await again.sign_in() == 0
                    assert await oldest.hung_up()
                    assert (await again.ask(0x0002))["body"]["result"] == 0
                    assert await newer.says_nothing() is True
            assert server.intake.refused["jt808", "too_many_connections"] == 1

    run(scenario())


def test_no_more_connections_are_held_than_files_may_be_open():
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert most_connections(10) == 10
    assert most_connections(10**9) <= allowed
    assert most_connections(10**9) >= min(allowed, 19_000) - 1000


def test_a_new_connection_of_a_terminal_replaces_the_old_one():
    async def scenario():
        async with serving() as (_, port), connected(port) as first:
            assert await first.sign_in() == 0
            async with connected(port) as second:
                assert await second.sign_in() == 0
                assert await first.hung_up()
                assert (await second.ask(0x0002))["body"]["result"] == 0

    run(scenario())


def test_under_pressure_reading_stops_and_goes_on():
    async def scenario():
        intake = FakeIntake(device_ref(NUMBER))
        async with serving(intake) as (_, port), connected(port) as terminal:
            assert await terminal.sign_in() == 0
            intake.listeners[0](True)
            terminal.send(0x0002)
            assert await terminal.says_nothing() is True
            intake.listeners[0](False)
            assert (await terminal.hear())["body"]["ack_id"] == "0002"

    run(scenario())


def test_who_we_do_not_listen_to_is_not_silent():
    async def scenario():
        now = [0.0]
        intake = FakeIntake(device_ref(NUMBER))
        limits = Limits(sweep_s=0.02)
        started = serving(intake, limits=limits, clock=lambda: now[0])
        async with started as (_, port), connected(port) as terminal:
            assert await terminal.sign_in() == 0
            intake.listeners[0](True)
            for _ in range(3):
                now[0] += 500
                await asyncio.sleep(0.05)
            intake.listeners[0](False)
            assert (await terminal.ask(0x0002))["body"]["result"] == 0

    run(scenario())


def test_one_connection_may_not_flood_the_intake():
    async def scenario():
        intake = FakeIntake(device_ref(NUMBER), holding=True)
        async with serving(intake, limits=Limits(in_flight=5)) as (_, port), connected(port) as terminal:
            assert await terminal.sign_in() == 0
            for second in range(5):
                terminal.send(0x0200, location(time=f"2611230815{second:02}"))
            await asyncio.sleep(0.05)
            terminal.send(0x0200, location(time="261123081530"))
            await asyncio.sleep(0.05)
            assert len(intake.fixes) == 5
            intake.commit()
            await asyncio.sleep(0.05)
            assert len(intake.fixes) == 6

    run(scenario())


class FullPipe:
    """A transport whose peer reads nothing."""

    def __init__(self):
        self.waiting, self.reading, self.aborted = 0, True, False

    def write(self, data):
        self.waiting += len(data)

    def get_write_buffer_size(self):
        return self.waiting

    def set_write_buffer_limits(self, high):
        self.high = high

    def pause_reading(self):
        self.reading = False

    def resume_reading(self):
        self.reading = True

    def is_closing(self):
        return self.aborted

    def abort(self):
        self.aborted = True


def test_who_does_not_read_its_answers_is_not_written_to_without_end():
    async def scenario():
        limits = Limits(write_buffer=1000)
        connection, pipe = Connection(Jt808Server(FakeIntake(), limits=limits)), FullPipe()
        connection.connection_made(pipe)
        assert pipe.high == 1000
        connection.pause_writing()
        assert not pipe.reading
        connection.resume_writing()
        assert pipe.reading
        for _ in range(1000):
            connection.send(0x8104, {})
        assert pipe.aborted
        assert pipe.waiting < 5 * limits.write_buffer

    run(scenario())


def test_a_device_that_is_retired_is_hung_up_at_its_next_heartbeat():
    async def scenario():
        intake = FakeIntake(device_ref(NUMBER))
        async with serving(intake) as (_, port), connected(port) as terminal:
            assert await terminal.sign_in() == 0
            intake.devices.clear()
            terminal.send(0x0002)
            assert await terminal.hung_up()

    run(scenario())


def test_link_events_tell_of_the_connection():
    async def scenario():
        intake = FakeIntake(device_ref(NUMBER))
        async with serving(intake) as (_, port):
            async with connected(port) as terminal:
                assert await terminal.sign_in() == 0
                await terminal.ask(0x0002, bytes([77, 20, 0]))
            await asyncio.sleep(0.05)
            assert [what for _, what, _ in intake.events] == [
                "connected",
                "authenticated",
                "heartbeat",
                "disconnected",
            ]
            assert intake.told("heartbeat") == [{"battery": 77}]

    run(scenario())


def test_the_bytes_of_a_refused_frame_go_with_it_only_after_the_sign_in():
    async def scenario():
        async with serving() as (server, port):
            intake = server.intake
            async with connected(port) as terminal:
                torn = terminal.frame(0x0200, location())
                torn = torn[:-2] + bytes([torn[-2] ^ 1, 0x7E])
                terminal.writer.write(torn)
                assert await terminal.sign_in() == 0
                terminal.writer.write(torn)
                await terminal.hear()
                impossible = location(lat=136_600_000)
                await terminal.ask(0x0200, impossible)
            assert intake.refused["jt808", "bad_checksum"] == 2
            assert intake.refused_frames == [
                ("bad_checksum", NUMBER, torn),
                ("bad_value", NUMBER, impossible),
            ]

    run(scenario())
