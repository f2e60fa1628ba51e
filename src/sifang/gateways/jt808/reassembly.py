"""Sub-packages put together again: bounded in number, bytes and time; lost ones are asked for again."""

from dataclasses import dataclass, field, replace

from sifang.gateways.jt808.frame import Frame, Header

MAX_GROUPS, MAX_PARTS, MAX_BYTES = 4, 256, 256 * 1024
RESEND_AFTER_S, RESENDS = 5.0, 3


@dataclass(slots=True)
class Group:
    """The sub-packages of one message that have come so far."""

    total: int
    last_at: float
    parts: dict[int, Frame] = field(default_factory=dict)
    asked: int = 0

    @property
    def first_serial(self) -> int:
        """Serial of the first package, counted back from one that came."""
        number, frame = next(iter(sorted(self.parts.items())))
        return (frame.header.serial - number + 1) % 0x10000

    @property
    def missing(self) -> list[int]:
        return [number for number in range(1, self.total + 1) if number not in self.parts]

    @property
    def size(self) -> int:
        return sum(len(part.body) for part in self.parts.values())


@dataclass(frozen=True, slots=True)
class Whole:
    """A message put together: header of its last part without sub-package fields, body, all serials."""

    header: Header
    body: bytes
    serials: list[int]


class Reassembler:
    """The open groups of one connection, one for each message id."""

    def __init__(self) -> None:
        self._groups: dict[int, Group] = {}

    def add(self, frame: Frame, now: float) -> Whole | None:
        """Take one part; return the whole message when it was the last. Raises OverflowError over a bound."""
        header = frame.header
        group = self._groups.get(header.message_id)
        if group is None or group.total != header.total or self._starts_anew(group, frame):
            self._make_room(header)
            group = self._groups[header.message_id] = Group(header.total, now)
        group.parts[header.number] = frame
        group.last_at = now
        if sum(one.size for one in self._groups.values()) > MAX_BYTES:
            del self._groups[header.message_id]
            raise OverflowError
        if group.missing:
            return None
        del self._groups[header.message_id]
        parts = [group.parts[number] for number in range(1, group.total + 1)]
        return Whole(
            replace(header, total=0, number=0),
            b"".join(part.body for part in parts),
            [part.header.serial for part in parts],
        )

    @staticmethod
    def _starts_anew(group: Group, frame: Frame) -> bool:
        """A part that we have, with another content, belongs to a new message."""
        had = group.parts.get(frame.header.number)
        return had is not None and had.body != frame.body

    def _make_room(self, header: Header) -> None:
        if header.total > MAX_PARTS:
            raise OverflowError
        if len(self._groups) >= MAX_GROUPS and header.message_id not in self._groups:
            del self._groups[min(self._groups, key=lambda one: self._groups[one].last_at)]

    def overdue(self, now: float) -> tuple[list[tuple[int, list[int]]], int]:
        """Return (first serial, missing numbers) to ask for again, and how many groups were given up."""
        ask, given_up = [], 0
        for message_id, group in list(self._groups.items()):
            if now - group.last_at < RESEND_AFTER_S:
                continue
            if group.asked >= RESENDS:
                del self._groups[message_id]
                given_up += 1
                continue
            group.asked += 1
            group.last_at = now
            ask.append((group.first_serial, group.missing))
        return ask, given_up
