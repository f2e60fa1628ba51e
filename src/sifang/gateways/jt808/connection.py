"""One terminal's connection: who it is, what it may say, and when it is answered.

Before a good 0x0102 nothing is taken but 0x0100, 0x0102, 0x0003 and 0x0004. Every well-formed 0x0100 is
answered by 0x8100. Positions go to the batch and are acknowledged only when the intake has stored them.
"""

import asyncio
import struct
from typing import TYPE_CHECKING, Any

from sifang.gateways.jt808.batch import Handed
from sifang.gateways.jt808.card import Card, card_of
from sifang.gateways.jt808.decoder import BATCH, KNOWN, LOCATION, LOCATION_ANSWER, Message, decode_body
from sifang.gateways.jt808.downlink import Key, Waiting
from sifang.gateways.jt808.errors import Encrypted, UnknownMessage
from sifang.gateways.jt808.fast import Told
from sifang.gateways.jt808.frame import Frame, Header, Splitter, encode_frame, encode_short
from sifang.gateways.jt808.gather import LARGE
from sifang.gateways.jt808.messages.down import (
    REGISTERED,
    RESULT_BAD,
    RESULT_FAILED,
    RESULT_OK,
    RESULT_UNSUPPORTED,
    TERMINAL_TAKEN,
    TERMINAL_UNKNOWN,
    write_message,
)
from sifang.gateways.jt808.messages.location import FIXED_PART, Location, iccid_of
from sifang.gateways.jt808.reader import time_bcd
from sifang.gateways.jt808.reassembly import Reassembler
from sifang.monitoring.intake.fixes import BadFrame
from sifang.monitoring.intake.session import DeviceRef

if TYPE_CHECKING:
    from sifang.gateways.jt808.server import Jt808Server

GATEWAY = "jt808"
OPEN_TO_ALL = frozenset({0x0100, 0x0102, 0x0003, 0x0004})
WITH_FIXES = frozenset({LOCATION, LOCATION_ANSWER, BATCH})
PLATFORM_IDS = 0x8000  # the platform's own messages come from no terminal
ACKNOWLEDGEMENT = 0x0001
ACK_BODY = struct.Struct(">HHB")  # 0x8001: serial and id of what is answered, result
REGISTER = 0x0100
HEARTBEAT = 0x0002
PROBE = "0"  # the number of no terminal: our own dead-man's probe asks whether the way works
FORGIVEN = 8  # refusals that leave the connection open
NOISE_FORGIVEN = 500  # frames that cannot be used, from who has not signed in
ATTRIBUTES_AFTER_S = 1.0
ICCID_ITEM = b"\xf1\x14"  # additional item: twenty digits
ICCID_DIGITS = 19  # the twentieth is a check digit that some modules leave out


class Connection(asyncio.Protocol):
    """The protocol object of one TCP (or TLS) connection."""

    def __init__(self, server: "Jt808Server") -> None:
        self.server = server
        self.device: DeviceRef | None = None
        self.slot = 0
        self.opened_at = server.clock()
        self.layout = "2013"
        self.terminal = ""
        self._signed_in_as = ("2013", "")  # whose positions are answered, also when it has logged out since
        self.waiting = Waiting()
        self._transport: asyncio.Transport | None = None
        self.splitter = Splitter()
        self._parts = Reassembler()
        self._card = Card()
        self._refusals = self._noise = 0
        self._pauses: set[str] = set()
        self._pieces, self._owners = server.gather.pieces, server.gather.owners
        self._is_hung_up = False

    # ---- the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio.Transport
        stream: asyncio.Transport = transport  # type: ignore[assignment]
        self._transport = stream
        stream.set_write_buffer_limits(high=self.server.limits.write_buffer)
        self.server.admit(self, stream.write)

    def data_received(self, data: bytes) -> None:
        if not self._pieces:
            self.server.intake.wake()
        self._pieces.append(data)
        self._owners.append(self.slot)
        if len(data) > LARGE:
            self.server.gather.large.append(self)
            self.pause("tick", stop=True)

    def take(self, data: bytes) -> None:
        """Read bytes frame by frame; nothing more once we have hung up."""
        before = self.splitter.dropped
        for one in self.splitter.feed(data):
            if self._is_hung_up:
                break
            if isinstance(one, BadFrame):
                self._bad(one)
            else:
                self._frame(one)
        if dropped := self.splitter.dropped - before:
            self.server.dropped_bytes += dropped
            self._refuse("between_frames")

    def connection_lost(self, exc: Exception | None) -> None:
        self.server.gather.tick()  # what it sent before counts
        self._transport = None
        self.waiting.close()
        self.server.forget(self)
        self.slot = 0
        if self.device is not None:
            reason = "lost" if exc is not None else "closed"
            self.server.intake.link_event(self.device, "disconnected", reason=reason)
            self.device = None

    def pause_writing(self) -> None:
        self.server.gather.slow.add(self)
        self.pause("writing", stop=True)

    def resume_writing(self) -> None:
        self.server.gather.slow.discard(self)
        self.pause("writing", stop=False)

    @property
    def closing(self) -> bool:
        return self._transport is None or self._transport.is_closing()

    def pause(self, why: str, *, stop: bool) -> None:
        """Stop or go on reading; it goes on when no reason to stop is left."""
        had = bool(self._pauses)
        (self._pauses.add if stop else self._pauses.discard)(why)
        if self._transport is None or self._transport.is_closing() or had == bool(self._pauses):
            return
        if self._pauses:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def close(self) -> None:
        """Close after what was written has gone out; what it sent and we have not read is not read."""
        self._hang_up()
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._hang_up()
        if self._transport is not None:
            self._transport.abort()

    def _hang_up(self) -> None:
        self._is_hung_up = True
        self.server.slots.sign_out(self.slot)
        self.server.slots.writers[self.slot] = None  # nothing is written any more, as in _write

    @property
    def heard_at(self) -> float:
        """When a frame of it was last understood."""
        return float(self.server.slots.heard_at[self.slot])

    @heard_at.setter
    def heard_at(self, now: float) -> None:
        self.server.slots.heard_at[self.slot] = now

    # ---- writing

    def send(self, message_id: int, body: dict[str, Any]) -> int:
        """Send a message; return its serial. A terminal that does not read its answers is cut off."""
        serial = self._next_serial()
        if not self.closing:
            header = Header(message_id, self.layout, self.terminal, serial)
            self._write(encode_frame(header, write_message(message_id, body, self.layout)))
        return serial

    def _next_serial(self) -> int:
        return self.server.slots.next_serial(self.slot)

    def _write(self, data: bytes) -> None:
        if self.closing or self._transport is None:
            return
        self._transport.write(data)
        self.cut_if_slow()

    def cut_if_slow(self) -> None:
        """Cut off who lets too many answers pile up."""
        most = 4 * self.server.limits.write_buffer
        if self._transport is not None and self._transport.get_write_buffer_size() > most:
            self.abort()

    def request(
        self, message_id: int, body: dict[str, Any], answer_id: int, *, by_serial: bool = True
    ) -> Any:
        """Send a message and return the future of its answer."""
        serial = int(self.server.slots.table["serial"][self.slot])
        key: Key = (answer_id, serial if by_serial else -1)
        future = self.waiting.expect(key, self.terminal)
        self.send(message_id, body)
        return future

    def _acknowledge(self, message_id: int, serial: int, result: int) -> None:
        self.send(0x8001, {"ack_serial": serial, "ack_id": f"{message_id:04x}", "result": result})

    def answer_received(self, messages: list[tuple[int, list[int]]]) -> None:
        """The positions of these messages (id, serials) are stored, or lawfully refused: forget them.

        All in one write: a terminal often has several frames in one tick.
        """
        self._landed(len(messages))
        answers = []
        layout, terminal = self._signed_in_as
        for message_id, serials in messages:
            for serial in serials:
                body = ACK_BODY.pack(serial, message_id, RESULT_OK)
                answers.append(encode_short(0x8001, layout, terminal, self._next_serial(), body))
        self._write(b"".join(answers))

    def answer_lost(self) -> None:
        """Not stored: say nothing; the terminal sends them again."""
        self._landed()

    def _landed(self, messages: int = 1) -> None:
        self.server.slots.in_flight[self.slot] -= messages
        self.server.gather.let_go(self.slot)

    # ---- reading

    def _bad(self, error: BadFrame) -> None:
        """Count a frame that cannot be used; a known terminal is told (2 wrong, 3 not supported)."""
        known = self.device is not None  # only its bytes are its own
        self._refuse(error.code, frame=b"\x7e" + self.splitter.last + b"\x7e" if known else None)
        header = error.data.get("header")
        if (
            self.device is not None
            and isinstance(header, Header)
            and header.device == self.device.terminal_id
        ):
            result = RESULT_UNSUPPORTED if isinstance(error, Encrypted | UnknownMessage) else RESULT_BAD
            self._acknowledge(header.message_id, header.serial, result)
        elif self.device is None:
            self._noise += 1
            if self._noise > NOISE_FORGIVEN:
                self.close()

    def _refuse(self, reason: str, device: str = "", frame: bytes | None = None) -> None:
        name = device or self.terminal.lstrip("0") or "unknown"
        self.server.intake.refuse(reason, GATEWAY, name, frame=frame)

    def _count_refusal(self) -> None:
        self._refusals += 1
        if self._refusals > FORGIVEN:
            self.close()

    def _frame(self, frame: Frame) -> None:
        header = frame.header
        self.heard_at = self.server.clock()
        if self.device is None:
            self.layout, self.terminal = header.layout, header.terminal
            if header.message_id == HEARTBEAT and header.device == PROBE:
                self._probe(header.serial)
                return
            if header.message_id not in OPEN_TO_ALL:
                self._refuse("unauthenticated")
                self._acknowledge(header.message_id, header.serial, RESULT_FAILED)
                self._count_refusal()
                return
        elif header.device != self.device.terminal_id and header.message_id != REGISTER:
            self._refuse("other_terminal", header.device)
            self._acknowledge(header.message_id, header.serial, RESULT_FAILED)
            self._count_refusal()
            return
        try:
            self._take(frame)
        except BadFrame as error:
            error.data.setdefault("header", header)
            self._bad(error)

    def _take(self, frame: Frame) -> None:
        header, serials, body = frame.header, [frame.header.serial], frame.body
        if header.encryption:
            raise Encrypted(f"encryption {header.encryption:03b}")
        if header.message_id not in KNOWN:
            raise UnknownMessage(f"{header.message_id:04x}")
        if header.total > 1:
            try:
                whole = self._parts.add(frame, self.server.clock())
            except OverflowError:
                self._refuse("too_large")
                self._acknowledge(header.message_id, header.serial, RESULT_FAILED)
                return
            if header.message_id not in WITH_FIXES:
                self._acknowledge(header.message_id, header.serial, RESULT_OK)
            if whole is None:
                return
            header, serials, body = whole.header, whole.serials, whole.body
        if header.message_id == LOCATION and self.device is not None and len(body) >= FIXED_PART:
            self._enqueue(self.device, LOCATION, serials, [Told(body, self.device.index, self._card)])
        else:
            self._message(decode_body(header, body), serials, in_parts=frame.header.total > 1)

    def _message(self, message: Message, serials: list[int], *, in_parts: bool) -> None:
        message_id = message.header.message_id
        handler = HANDLERS.get(message_id)
        if message_id in WITH_FIXES and self.device is not None:
            self._hand_over(message, self.device, serials)
        elif handler is not None:
            handler(self, message)
        elif message_id >= PLATFORM_IDS:
            raise UnknownMessage(f"{message_id:04x} is the platform's")
        elif not in_parts:
            self._acknowledge(message_id, serials[-1], RESULT_OK)

    def _hand_over(self, message: Message, device: DeviceRef, serials: list[int]) -> None:
        locations = [one for one in message.locations if isinstance(one, Location)]
        bad = [one for one in message.locations if isinstance(one, BadFrame)]
        if bad:
            self.server.intake.refuse(bad[0].code, GATEWAY, device.terminal_id, len(bad))
        message_id = message.header.message_id
        if message_id == LOCATION_ANSWER:
            self.waiting.resolve(LOCATION_ANSWER, message.body | {"locations": locations})
        if not locations:
            self._acknowledge(message_id, serials[-1], RESULT_BAD if bad else RESULT_OK)
            return
        told = [Told(one.body, device.index, self._card, one.replayed) for one in locations]
        self._enqueue(device, message_id, serials, told)

    def _enqueue(self, device: DeviceRef, message_id: int, serials: list[int], told: list[Told]) -> None:
        for one in told:
            if device.iccid and ICCID_ITEM in one.body and self._is_other_sim(device, iccid_of(one.body)):
                return
        slots = self.server.slots
        slots.in_flight[self.slot] += 1
        if slots.in_flight[self.slot] >= self.server.limits.in_flight:
            self.server.gather.hold(self.slot)
        self.server.batch.add(Handed(self, device, message_id, serials, told))

    # ---- what each message means

    def _register(self, message: Message) -> None:
        device = self.server.find(message.header.device)
        answer: dict[str, Any] = {"ack_serial": message.header.serial}
        is_other = self.device is not None and self.device.terminal_id != message.header.device
        if device is None or is_other:  # one connection, one terminal
            self._refuse("other_terminal" if is_other else "unknown_terminal", message.header.device)
            self.send(0x8100, answer | {"result": TERMINAL_UNKNOWN})
            self._count_refusal()
            return
        code = self.server.codes.code_for(device)
        if code is None:  # its code is its own: it must know it, we cannot tell it
            self.send(0x8100, answer | {"result": TERMINAL_TAKEN})
        else:
            self.send(0x8100, answer | {"result": REGISTERED, "code": code})

    def _authenticate(self, message: Message) -> None:
        header, body = message.header, message.body
        device = self.server.find(header.device)
        reason = "unknown_terminal"
        if device is not None:
            reason = self._objection(device, body)
        if device is None or reason:
            self._refuse(reason, header.device)
            self._acknowledge(header.message_id, header.serial, RESULT_FAILED)
            self._count_refusal()
            return
        self._acknowledge(header.message_id, header.serial, RESULT_OK)
        self._signed_in(device)

    def _objection(self, device: DeviceRef, body: dict[str, Any]) -> str:
        """Return why this code and this module are not the device's, or an empty string."""
        if not device.accepts_code(body["code"]):
            return "bad_auth"
        if device.imei and "imei" in body and body["imei"] != device.imei:
            self.server.intake.link_event(device, "sim_changed", carried="imei")
            return "imei_differs"
        return ""

    def _know(self, device: DeviceRef) -> None:
        """Remember who speaks here; the compiled decoder may take the locations of who calls itself so."""
        self.device, self._card = device, card_of(device.quality)
        self._signed_in_as = (self.layout, self.terminal)
        slots = self.server.slots
        if not self._is_hung_up and (self.terminal.lstrip("0") or "0") == device.terminal_id:
            has_iccid = bool(device.iccid)
            slots.sign_in(self.slot, self.layout, self.terminal, device.index, self._card, iccid=has_iccid)
        else:
            slots.sign_out(self.slot)

    def _signed_in(self, device: DeviceRef) -> None:
        is_new = self.device is None
        self._know(device)
        self._refusals = 0
        self.server.signed_in(self, device)
        if is_new:
            self.server.intake.link_event(device, "connected")
        self.server.intake.link_event(device, "authenticated")
        if device.iccid:  # asked a moment later: simple terminals read only one message at sign-in
            asyncio.get_running_loop().call_later(ATTRIBUTES_AFTER_S, self._ask_attributes)
        elif device.imei:  # checked above
            self.server.intake.link_event(device, "sim_confirmed")

    def _ask_attributes(self) -> None:
        if not self.closing and self.device is not None:
            self.send(0x8107, {})

    def _attributes(self, message: Message) -> None:
        """0x0107 names the SIM: another ICCID than the registered one ends the session."""
        self.waiting.resolve(message.header.message_id, message.body)
        self._acknowledge(message.header.message_id, message.header.serial, RESULT_OK)
        if self.device is not None:
            told = str(message.body["iccid"]).rstrip("f")
            if not self._is_other_sim(self.device, told if told.isdecimal() else "0"):
                self.server.intake.link_event(self.device, "sim_confirmed")

    def _is_other_sim(self, device: DeviceRef, told: str) -> bool:
        """Whether a SIM names itself that is not the registered one; then the session ends."""
        if not device.iccid or not told.isdecimal() or told[:ICCID_DIGITS] == device.iccid[:ICCID_DIGITS]:
            return False
        self._refuse("sim_changed")
        self.server.intake.link_event(device, "sim_changed", carried="iccid")
        self.close()
        return True

    def _heartbeat(self, message: Message) -> None:
        assert self.device is not None
        known = self.server.find(self.device.terminal_id)
        if known is None or known.index != self.device.index:  # retired, or registered anew
            self._refuse("unknown_terminal")
            self.close()
            return
        if known is not self.device:
            self._know(known)
        self._acknowledge(message.header.message_id, message.header.serial, RESULT_OK)
        self.server.intake.link_event(known, "heartbeat", battery=message.body.get("battery_percent"))

    def _probe(self, serial: int) -> None:
        """Answer when a commit has gone all the way; say nothing when it has not. No fix, no device."""

        def answer(committed: bool) -> None:
            if committed:
                self._acknowledge(HEARTBEAT, serial, RESULT_OK)

        self.server.intake.probe(answer)

    def _log_out(self, message: Message) -> None:
        self._acknowledge(message.header.message_id, message.header.serial, RESULT_OK)
        if self.device is not None:
            self.server.intake.link_event(self.device, "disconnected", reason="logout")
            self.server.signed_out(self)
            self.server.slots.sign_out(self.slot)
            self.device = None

    def _time(self, _message: Message) -> None:
        """0x8004: UTC as the standard says [R]; a model whose card says so gets GMT+8."""
        self.send(0x8004, {"time": time_bcd(int(self.server.time_s()), utc=not self._card.gmt8_clock).hex()})

    def _answer_to_us(self, message: Message) -> None:
        self.waiting.resolve(message.header.message_id, message.body)
        if message.header.message_id != ACKNOWLEDGEMENT:
            self._acknowledge(message.header.message_id, message.header.serial, RESULT_OK)

    def sweep(self, now: float) -> None:
        """Ask for lost sub-packages again; give up what never came; close what is silent."""
        ask, given_up = self._parts.overdue(now)
        for first_serial, numbers in ask:
            self.send(0x8003, {"first_serial": first_serial, "numbers": numbers[:255]})
        if given_up:
            self._refuse("incomplete")
        limits = self.server.limits
        if self._pauses:  # we do not listen: its silence is ours
            self.heard_at = now
        patience = limits.idle_s if self.device is not None else limits.sign_in_s
        if now - (self.heard_at if self.device is not None else self.opened_at) > patience:
            self.close()


HANDLERS = {
    0x0001: Connection._answer_to_us,  # noqa: SLF001 (its own table)
    0x0002: Connection._heartbeat,  # noqa: SLF001
    0x0003: Connection._log_out,  # noqa: SLF001
    0x0004: Connection._time,  # noqa: SLF001
    0x0100: Connection._register,  # noqa: SLF001
    0x0102: Connection._authenticate,  # noqa: SLF001
    0x0104: Connection._answer_to_us,  # noqa: SLF001
    0x0107: Connection._attributes,  # noqa: SLF001
    0x6006: Connection._answer_to_us,  # noqa: SLF001
}
