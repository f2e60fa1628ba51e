"""How long nobody was acknowledged, watched beside a fault."""

import time
from contextlib import suppress
from pathlib import Path
from threading import Thread

from tests.faults.common.clients import Clients


class Gaps:
    """The longest time without a single acknowledgement."""

    def __init__(self, clients: Clients) -> None:
        self._clients, self.longest_s, self._goes_on = clients, 0.0, True
        self._thread = Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while self._goes_on:
            last = self._clients.latest.get("last_acknowledged_at", 0.0)
            if last:
                self.longest_s = max(self.longest_s, time.monotonic() - last)
            time.sleep(0.1)

    def end(self) -> float:
        """Stop looking; return the longest gap in seconds."""
        self._goes_on = False
        self._thread.join(2)
        return round(self.longest_s, 2)


def memory_mb(pid: int | None) -> float:
    """Return the resident memory of a process, MB."""
    with suppress(OSError, ValueError, TypeError):
        for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
            if line.startswith("VmRSS"):
                return round(int(line.split()[1]) / 1000, 1)
    return 0.0
