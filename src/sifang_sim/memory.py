"""Until when each device has sent: a small file that a simulator started again reads first."""

import json
from collections.abc import Iterable
from pathlib import Path

from sifang_sim.device import Wristband


class Memory:
    """The newest second sent of each device, kept in one JSON file; a file that cannot be read is empty."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._until: dict[str, int] = {}
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            self._until = {str(device): int(second) for device, second in found.items()}
        except (OSError, ValueError, AttributeError, TypeError):
            pass

    def begin(self, band: Wristband, earliest_s: int, now_s: int) -> int:
        """Return the Unix second after which the device takes positions: never before what it has sent."""
        until = self._until.get(band.who.terminal_id, 0)
        return min(max(earliest_s, until), now_s)

    def keep(self, bands: Iterable[Wristband]) -> None:
        """Write the file when something new was sent; whole or not at all."""
        new = {b.who.terminal_id: b.sent_until_s for b in bands if b.sent_until_s is not None}
        if new.items() <= self._until.items():
            return
        self._until |= new
        draft = self._path.with_suffix(".tmp")
        draft.write_text(json.dumps(self._until), encoding="utf-8")
        draft.replace(self._path)
