"""`python -m tests.faults.common.reading`: what readers return, as an officer with a purpose, role `reader`.

Reads the track of every person of the plan through `monitoring.access` (the read is recorded), in spans of
24 hours, and writes the fixes with the device's place in the plan to `--out` (npz).
"""

import argparse
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

OFFICER = "fengban"
SPAN = timedelta(hours=24)


def main() -> int:
    """Read everything; returns 0."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--plan", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--frm", type=int, required=True, help="Unix second, inclusive")
    parser.add_argument("--to", type=int, required=True, help="Unix second, exclusive")
    asked = parser.parse_args()
    import django

    django.setup()
    np.savez(asked.out, **tracks(json.loads(asked.plan.read_text("utf-8")), asked.frm, asked.to))
    return 0


def tracks(plan, frm_s, to_s):
    """Return {place in the plan: fixes (FIX)} of everything taken in that time."""
    from sifang.monitoring.access import access_track
    from sifang.people.access import Purpose, access_person_by_number
    from sifang.people.models import Officer

    officer = Officer.objects.get(username=OFFICER)
    found = {}
    for index, told in enumerate(plan["devices"]):
        person = access_person_by_number(officer, told["person"], Purpose.DUTY)
        parts, at, end = [], datetime.fromtimestamp(frm_s, UTC), datetime.fromtimestamp(to_s, UTC)
        while at < end:
            parts.append(access_track(officer, person, Purpose.DUTY, at, min(at + SPAN, end)))
            at += SPAN
        found[str(index)] = np.concatenate(parts)
    return found


if __name__ == "__main__":
    sys.exit(main())
