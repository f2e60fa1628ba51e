"""The quality card of a model, as the JT/T 808 gateway needs it: what its alarm bits mean.

The standard has no strap bit: bit 17 is "band removed", "tamper" or "blind spot" depending on the model.
So a bit is the strap only when the card says so; without a word of the card the strap is unknown.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sifang.monitoring.intake.columns import F_LOW_BATTERY, F_SOS, F_STRAP_KNOWN, F_STRAP_OPEN

STANDARD_BITS = {"0": "sos", "7": "low_battery"}  # SOS, main power low: the standard's own meaning


@dataclass(frozen=True, slots=True)
class Card:
    """Masks over the alarm word and the status word. `gmt8_clock`: the device wants local time."""

    strap: int = 0
    sos: int = 1 << 0
    low_battery: int = 1 << 7
    strap_status: int = 0
    gmt8_clock: bool = False

    def flags(self, alarm: int, status: int) -> int:
        """Return the flags of `columns` that these two words mean on this model."""
        flags = F_SOS if alarm & self.sos else 0
        if alarm & self.low_battery:
            flags |= F_LOW_BATTERY
        if self.strap or self.strap_status:
            flags |= F_STRAP_KNOWN
            if alarm & self.strap or status & self.strap_status:
                flags |= F_STRAP_OPEN
        return flags


def card_of(quality: Mapping[str, object]) -> Card:
    """Return the card of a model's `quality`: {"alarm_bits": {"17": "strap"}, "status_bits": {…}}.

    A bit that the card names means only what the card says. Words that mean nothing here are passed over.
    """
    alarm_bits = STANDARD_BITS | _bits(quality.get("alarm_bits"))
    status_bits = _bits(quality.get("status_bits"))
    return Card(
        strap=_mask(alarm_bits, "strap"),
        sos=_mask(alarm_bits, "sos"),
        low_battery=_mask(alarm_bits, "low_battery"),
        strap_status=_mask(status_bits, "strap"),
        gmt8_clock=quality.get("clock") == "gmt8",
    )


def _bits(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping):
        return {}
    return {str(bit): str(meaning) for bit, meaning in value.items() if str(bit).isdecimal()}


def _mask(bits: dict[str, str], meaning: str) -> int:
    return sum(1 << int(bit) for bit, word in bits.items() if word == meaning and int(bit) < 32)  # noqa: PLR2004 (a DWORD)
