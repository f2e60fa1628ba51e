"""The duty officer as the script holds him: his process, and what became of his acts."""

import signal
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from typing import Any, Self

from sifang.ops.postgres import end_with_parent
from tests.faults.common.installation import Installation, until

ACTS = "SELECT verb, alarm_id::text, count(*) FROM monitoring_alarmact GROUP BY 1, 2"
WAITING = "SELECT count(*) FROM monitoring_alarm WHERE state <> 'closed' AND ended_at IS NOT NULL"


def _ends_with_us() -> None:
    end_with_parent(signal.SIGTERM)


class DutyDesk:
    """Starts the officer on an installation; use as a context manager, in the main thread."""

    def __init__(self, where: Installation) -> None:
        self._where = where
        self._acts = where.folder / "officer.acts"
        self._out = (where.folder / "officer.out").open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.faults.common.officer", f"--acts={self._acts}"],
            env=where.env_of("web"), cwd=where.folder, stdin=subprocess.PIPE, stdout=self._out,
            stderr=self._out, preexec_fn=_ends_with_us,  # noqa: PLW1509 (it only asks for a signal)
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._out.close()

    def finish(self, patience_s: float) -> None:
        """Wait until every alarm whose situation is over has been answered. Raises NeverHappened."""
        until(lambda: self._where.rows(WAITING)[0][0] == 0, patience_s, "every alarm is answered", 0.5)

    def figures(self) -> dict[str, Any]:
        """Return how many acts came back, and how many of them are not there, or there more than once."""
        told = Counter(tuple(line.split()) for line in self._acts.read_text("utf-8").splitlines())
        held = {(verb, alarm): n for verb, alarm, n in self._where.rows(ACTS)}
        return {
            "acts": sum(told.values()),
            "acts_lost": sum(1 for act in told if act not in held),
            "acts_double": sum(n - 1 for n in held.values()),
        }
