"""`python tests/faults/idle.py --connections N`: strangers who say nothing hold connections by the thousand.

While N idle connections stand against the JT/T 808 port (every fourth has begun a frame that never ends), the
devices must go on being acknowledged without a gap of five seconds, sign in anew when their line breaks, and
keep every promise at the end: nothing lost, nothing double, every seeded breach one alarm. What the server
cannot hold it gives up, the longest stranger first. One JSON line; exit 1 when a promise was broken.
"""

import argparse
import json
import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from tests.faults.common.clients import Clients  # noqa: E402
from tests.faults.common.evidence import check  # noqa: E402
from tests.faults.common.gaps import Gaps, memory_mb  # noqa: E402
from tests.faults.common.installation import Installation, until  # noqa: E402
from tests.faults.common.told import Told  # noqa: E402

EACH = 9_000  # connections of one process: it may open 20,000 files at most here
LONGEST_GAP_S = 5.0


class Idlers(Told):
    """One process of idle connections."""

    def __init__(self, where: Installation, connections: int, first: int) -> None:
        words = {"port": where.jt808_port, "connections": connections, "first": first}
        super().__init__(where, "tests.faults.common.idlers", words)


def run(asked: argparse.Namespace, where: Installation) -> dict[str, Any]:
    """Run once on a new installation."""
    where.start()
    plan = where.folder / "plan.json"
    where.run("tests.faults.common.seeding", "--devices", str(asked.devices), "--plan", str(plan))
    with ExitStack() as stack:
        clients = stack.enter_context(Clients(where, plan, seed=asked.seed, speed=asked.speed))
        clients.until_acknowledged_since(time.monotonic(), 60)
        before = memory_mb(where.pid("watch"))
        gaps = Gaps(clients)
        idlers = []
        for first in range(0, asked.connections, EACH):
            idlers.append(Idlers(where, min(EACH, asked.connections - first), first))
            stack.callback(idlers[-1].end)
        until(lambda: all(one.latest.get("done") for one in idlers), 240, "all connections were opened", 0.2)
        begun = time.monotonic()
        clients.until_acknowledged_since(begun, 30)
        time.sleep(asked.seconds)
        told = {
            name: sum(one.latest[name] for one in idlers) for name in ("opened", "open", "closed", "failed")
        }
        held_mb = memory_mb(where.pid("watch"))
        clients.drain(90 + 2 * asked.devices)
        gap_s = gaps.end()
        verdict = check(where, plan, clients, clients.breaches())
        for line in verdict.lines:
            sys.stderr.write(f"{line}\n")
        reached = told["opened"] >= asked.connections - told["failed"] and not told["failed"]
        good = verdict.is_good and gap_s <= LONGEST_GAP_S and reached
        return {
            "fault": "idle", "good": good, "connections": asked.connections, **told, "longest_gap_s": gap_s,
            "memory_mb": {"before": before, "with": held_mb}, **verdict.figures(),
        }  # fmt: skip


def main(words: list[str] | None = None) -> int:
    """Run; returns 0 when every promise was kept."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--connections", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=30.0, help="how long all of them stand")
    parser.add_argument("--devices", type=int, default=16)
    parser.add_argument("--speed", type=float, default=20.0, help="how fast the devices' clocks run")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(words)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.alarm(600 + int(asked.seconds))
    with Installation() as where:
        found = run(asked, where)
    sys.stdout.write(json.dumps(found) + "\n")
    return 0 if found["good"] else 1


if __name__ == "__main__":
    sys.exit(main())
