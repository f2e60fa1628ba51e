"""What one request of a tracker tells. Standard library only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sifang.monitoring.intake.fixes import BadFrame, Fix


@dataclass(frozen=True, slots=True)
class Told:
    """What one request tells: a device (None where it names none) and its fixes, bad ones as errors."""

    device: str | None
    fixes: Sequence[Fix | BadFrame]
    sos: bool = False

    def as_json(self) -> dict[str, Any]:
        return {"device": self.device, "fixes": [one.as_json() for one in self.fixes]}
