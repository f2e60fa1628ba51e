"""Listens to what the live pages are told about alarms, and counts what is told more often than it happened.

A page hears of an alarm when it is raised, when its situation ends and when an officer acts on it. What is
said while the database is away is missed here as by every page, which then reads anew; repetition counts.
"""

import threading
from collections import Counter
from contextlib import suppress
from typing import Any, Self

import psycopg

from tests.faults.common.installation import Installation

TOLD = 5  # raised, ended, taken, handled, closed


class Notices:
    """A listening connection that comes back; use as a context manager."""

    def __init__(self, where: Installation) -> None:
        self._where = where
        self._ends = threading.Event()
        self._heard: Counter[str] = Counter()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join(5)

    def _listen(self) -> None:
        while not self._ends.is_set():
            with (
                suppress(psycopg.Error),
                psycopg.connect(self._where.admin_url(), autocommit=True, connect_timeout=3) as connection,
            ):
                connection.execute("LISTEN sifang_alarms")
                while not self._ends.is_set():
                    for notice in connection.notifies(timeout=0.5):
                        self._heard[notice.payload] += 1
            self._ends.wait(0.3)

    def figures(self) -> dict[str, Any]:
        """Return how many notices came and how many of them were repetitions."""
        again = sum(max(0, n - TOLD) for n in self._heard.values())
        return {"notices": sum(self._heard.values()), "notices_again": again}
