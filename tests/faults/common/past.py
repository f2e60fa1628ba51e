"""`python -m tests.faults.common.past`: hours of the journal that lie in the past, ready to be compacted.

Compaction waits for hours to be over; a script cannot. So this writes blocks as the watch would have written
them then (its own worker, admission and journal, with the clock of that hour; role watch): for each hour some
fixes of every device, and some of the hour before once more, as a device sends them again. Offered and
acknowledged go into `--history` as if a client had sent them.
"""

import argparse
import json
import random
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

FIXES, STEP_S, AGAIN, TICKS = 24, 2, 6, 4


def main() -> int:
    """Write the hours `--first` to `--last` before now (both inclusive, 60 to 4); returns 0."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--plan", type=Path, required=True)
    parser.add_argument("--history", type=Path, required=True)
    parser.add_argument("--first", type=int, required=True)
    parser.add_argument("--last", type=int, required=True)
    asked = parser.parse_args()
    import django

    django.setup()
    from sifang.monitoring.intake import store
    from sifang.monitoring.intake.keystore import KeyStore
    from sifang.monitoring.intake.worker import Worker
    from sifang.ops.settings import read
    from tests.faults.common.history import Writer

    plan = json.loads(asked.plan.read_text("utf-8"))
    hours = Hours(plan, Writer(asked.history))
    this_hour = int(time.time()) // 3600 * 3600
    moment = [0.0]
    store.utc_now = lambda: datetime.fromtimestamp(moment[0], UTC)
    worker = Worker(KeyStore(read().keys_folder), clock=lambda: moment[0])
    for ago in range(asked.first, asked.last - 1, -1):
        begin = this_hour - ago * 3600
        moment[0] = begin + 1.0
        worker.reload()
        hours.index = {row.terminal_id.lstrip("0"): i for i, row in enumerate(worker.admission.devices)}
        batch = hours.fixes(60 - ago)
        for k, part in enumerate(np.array_split(batch, TICKS)):
            moment[0] = begin + 60.0 + 900 * k
            part["received_s"] = int(moment[0])
            hours.acknowledged(part, worker.judge.tick([part.copy()])[0])
    worker.close()
    return 0


class Hours:
    """Makes the fixes of each hour; all at home, where no breach is."""

    def __init__(self, plan, history):
        self._plan, self._history = plan, history
        self.index: dict[str, int] = {}

    def fixes(self, number):
        """Return the fixes of one hour, every device in turn; the last ones of the hour before come again."""
        from sifang.monitoring.intake.columns import F_LOCATED, F_STRAP_KNOWN, FIX, SOURCE_GNSS

        rows = []
        for device, told in enumerate(self._plan["devices"]):
            first = number * FIXES
            for k in range(max(0, first - AGAIN), first + FIXES):
                taken_s = self._plan["bound_from_s"] + STEP_S * k
                chance = random.Random(f"{device}/{taken_s}")
                row = np.zeros(1, FIX)
                row["device"] = self.index[told["terminal_id"].lstrip("0")]
                row["taken_s"], row["accuracy_m"], row["altitude_m"] = taken_s, np.nan, 40.0
                row["lon"] = round(told["home"][0] + chance.gauss(0, 4e-5), 6)
                row["lat"] = round(told["home"][1] + chance.gauss(0, 4e-5), 6)
                row["course_deg"], row["battery_pct"], row["satellites"] = k % 360, 70, 8 + k % 8
                row["flags"], row["source"] = F_LOCATED | F_STRAP_KNOWN, SOURCE_GNSS
                rows.append((k, row))
                if k >= first:
                    self._history.offered(device, taken_s, _content(row[0]))
        rows.sort(key=lambda one: one[0])
        return np.concatenate([row for _, row in rows])

    def acknowledged(self, fixes, answered):
        """Note those that a device would have been told."""
        names = [told["terminal_id"].lstrip("0") for told in self._plan["devices"]]
        device = {self.index[name]: number for number, name in enumerate(names)}
        for row in fixes[answered]:
            self._history.acknowledged(device[int(row["device"])], int(row["taken_s"]))


def _content(row):
    from tests.faults.common.checks import content_of

    return content_of(row)


if __name__ == "__main__":
    sys.exit(main())
