"""What one officer may see of the live map now: measure numbers and the cards of the queue."""

from dataclasses import dataclass

from sifang.web import reads
from sifang.web.present.alarms import Card
from sifang.web.shell import Viewer


@dataclass(frozen=True)
class Seen:
    """`numbers`: the measures in scope; `cards`: the whole queue."""

    numbers: frozenset[int]
    cards: list[Card]


def look(desk: Viewer) -> Seen:
    """Read scope and queue as this officer; the read is recorded in batches."""
    room = reads.command_room(desk)
    return Seen(
        numbers=frozenset(measure.number for measure in room.measures),
        cards=reads.cards(room),
    )
