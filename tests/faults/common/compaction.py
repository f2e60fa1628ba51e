"""`python -m tests.faults.common.compaction [--now]`: queue the compaction of the journal, or do it."""

import sys


def main() -> int:
    """Queue the job unless it waits already, or with `--now` compact here; returns 0."""
    import django

    django.setup()
    from procrastinate.exceptions import AlreadyEnqueued

    from sifang.kernel.time import utc_now
    from sifang.monitoring.intake.compact import compact_due
    from sifang.ops.tasks import compact_journal

    if "--now" in sys.argv:
        compact_due(utc_now())
        return 0
    try:
        compact_journal.defer(timestamp=0)
    except AlreadyEnqueued:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
