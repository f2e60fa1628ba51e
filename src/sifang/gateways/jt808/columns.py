"""Locations of JT/T 808 as rows of columns, by the pure decoder (the reference of `fast`)."""

from sifang.gateways.jt808.card import Card
from sifang.gateways.jt808.messages.location import S_SATELLITES, Location
from sifang.monitoring.intake.columns import SOURCE_GNSS, SOURCE_UNKNOWN
from sifang.monitoring.intake.rows import row_of


def location_row(location: Location, card: Card, device: int, received_s: int) -> tuple[object, ...]:
    """Return the row of one location. Raises BadValue when a value in it cannot be.

    The source is GNSS where the status names a satellite system; else the device did not say.
    """
    by_satellite = location.located and location.status_flags & S_SATELLITES
    return row_of(
        location.fix(),
        device=device,
        received_s=received_s,
        flags=card.flags(location.alarm_flags, location.status_flags),
        source=SOURCE_GNSS if by_satellite else SOURCE_UNKNOWN,
    )
