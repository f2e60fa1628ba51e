"""Late fixes on random lives: `python tests/faults/late.py --count 1000` (the short form is in the suite).

Each life is a random track by random fences; stretches of it arrive hours late, in pieces, between live
fixes. What was raised live, plus what was asked about the past, less what was withdrawn, must be what the
reference says of the same fixes in order, episode by episode (those that touch within 120 s are the same).
Needs no database: engine, replay and comparison as the late job runs them.
"""

import argparse
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sifang.ops.django_settings")
os.environ.setdefault("SIFANG_PROCESS", "test")
sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[2] / "src")]
import django  # noqa: E402 (settings first)

django.setup()

from sifang.monitoring.tests.test_replay import Life, agrees  # noqa: E402 (Django first)


def main() -> int:
    """Run the lives; 1 when an episode was missed or a wrong one stands."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--first", type=int, default=1000, help="first seed")
    given = parser.parse_args()
    begun, missed, wrong, expected, late = time.monotonic(), 0, 0, 0, 0
    past = withdrawn = 0
    for seed in range(given.first, given.first + given.count):
        life = Life(seed)
        past_before = life.run()
        gone, extra = agrees(life)
        missed, wrong = missed + len(gone), wrong + len(extra)
        expected, late = expected + len(life.expected()), late + int(life.late.sum())
        past += past_before
        withdrawn += sum(one.is_withdrawn for one in life.alarms)
        if gone or extra:
            print(f"seed {seed}: missed {gone}, wrong {extra}", file=sys.stderr)  # noqa: T201 (a command)
    took = time.monotonic() - begun
    print(  # noqa: T201 (a command)
        f"{given.count} lives, {late} late fixes, {expected} episodes in order: {missed} missed,"
        f" {wrong} wrong; {past} asked about the past, {withdrawn} withdrawn; {took:.0f} s"
    )
    return 1 if missed or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
