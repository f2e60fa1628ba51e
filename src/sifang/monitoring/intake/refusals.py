"""Counts of refused fixes: by hour, reason, gateway and keyed device hash. No bytes, no position.

Counting happens on the event loop and in the worker thread; the worker takes the counts over every few
seconds and adds them to the table in a transaction of their own, so that a flood of refusals never
touches the ticks. Counts not yet flushed are lost with the process: they are figures, not evidence.
"""

import hashlib
import hmac
from collections import Counter
from datetime import UTC, datetime
from threading import Lock

from django.db import connections

from sifang.kernel.ids import uuid7

_KEY = tuple[int, str, str, str]  # hour as Unix seconds, reason, gateway, device hash
_MANY = 50_000  # more distinct rows than this between two flushes: the device hash is dropped


class Refusals:
    """Counts in memory until `flush`."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._lock = Lock()
        self._counts: Counter[_KEY] = Counter()
        self.total: Counter[str] = Counter()

    def count(self, reason: str, gateway: str, device: str, now_s: float, n: int = 1) -> None:
        """Add `n` refused fixes of what calls itself `device`."""
        hour = int(now_s) // 3600 * 3600
        name = self.hash_of(device) if len(self._counts) < _MANY else ""
        with self._lock:
            self._counts[hour, reason[:24], gateway[:12], name] += n
            self.total[reason] += n

    def hash_of(self, device: str) -> str:
        """Return the keyed hash under which `device` is counted (leading zeros do not count)."""
        name = device.lstrip("0").encode("utf-8", "replace")
        return hmac.new(self._secret, name, hashlib.sha256).hexdigest()[:16]

    def flush(self, using: str = "default") -> int:
        """Add the counts to the table; returns the rows touched. On failure the counts are kept."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        if not counts:
            return 0
        rows = [
            (uuid7(), datetime.fromtimestamp(hour, UTC), reason, gateway, device, n)
            for (hour, reason, gateway, device), n in counts.items()
        ]
        try:
            with connections[using].cursor() as cursor:
                cursor.executemany(
                    "INSERT INTO monitoring_refusedfixes (id, hour, reason, gateway, device_hash, count)"
                    " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (hour, reason, gateway, device_hash)"
                    " DO UPDATE SET count = monitoring_refusedfixes.count + excluded.count",
                    rows,
                )
        except BaseException:
            with self._lock:
                self._counts.update(counts)
            raise
        return len(rows)
