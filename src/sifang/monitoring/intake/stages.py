"""Where the processor time of the ticks goes: seconds by stage, of this process since it started.

One stage belongs to one thread. It costs a microsecond a stage and tick, so it is always on: a bench, and the
operator whose watch has become slow, see the same figures.
"""

from time import thread_time
from typing import Self


class Stage:
    """Adds up the processor time of its thread between `with` and its end."""

    def __init__(self) -> None:
        self.cpu_s = 0.0
        self._began = 0.0

    def __enter__(self) -> Self:
        self._began = thread_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.cpu_s += thread_time() - self._began


DECODE, ANSWER = Stage(), Stage()  # event loop: bytes to columns, answers to sockets
ADMISSION, ENGINE, SEAL, TRANSACTION = Stage(), Stage(), Stage(), Stage()  # worker thread
_NAMES = {
    "decode": DECODE,
    "answer": ANSWER,
    "admission": ADMISSION,
    "engine": ENGINE,
    "seal": SEAL,
    "transaction": TRANSACTION,
}


def cpu_by_stage() -> dict[str, float]:
    """Return processor seconds by stage."""
    return {name: round(stage.cpu_s, 3) for name, stage in _NAMES.items()}
