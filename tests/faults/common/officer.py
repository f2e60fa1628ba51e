"""`python -m tests.faults.common.officer`: a duty officer who answers alarms whatever is being killed.

Takes, handles and closes every alarm whose situation is over, through the services, as role `app`; so the
next breach of the same person is a question of its own. Each act that came back is appended to `--acts` as
`verb alarm`. What fails because something died is done again as the alarm's state asks. Ends with its input.
"""

import argparse
import sys
import threading
import time
from pathlib import Path

OFFICER = "fengban"
PAUSE_S = 0.7


def main() -> int:
    """Answer alarms until standard input ends; returns 0."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--acts", type=Path, required=True)
    asked = parser.parse_args()
    import django

    django.setup()
    from django.db import Error, connections, transaction
    from psycopg_pool import PoolTimeout

    from sifang.kernel.errors import SifangError

    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    with asked.acts.open("a", encoding="utf-8", buffering=1) as acts:
        while not over.wait(PAUSE_S):
            try:
                answer_all(acts)
            except (Error, PoolTimeout, SifangError, transaction.TransactionManagementError) as error:
                sys.stderr.write(f"{time.time():.1f} {type(error).__name__} {error}\n")
                for connection in connections.all():
                    connection.close()
    return 0


def answer_all(acts):
    """Do the next act of every alarm that waits and whose situation is over."""
    from sifang.monitoring.access import access_open_alarms
    from sifang.monitoring.models import AlarmCause, AlarmOutcome
    from sifang.monitoring.services.handling import close_alarm, handle_alarm, take_alarm
    from sifang.people.models import Officer

    officer = Officer.objects.get(username=OFFICER)
    for alarm in access_open_alarms(officer):
        if alarm.ended_at is None:
            continue
        if alarm.state == "open":
            take_alarm(officer, alarm.id)
            acts.write(f"take {alarm.id}\n")
        if alarm.state in {"open", "taken"}:
            outcome, cause = AlarmOutcome.OUTSIDE_RETURNED, AlarmCause.LEFT_UNAPPROVED
            handle_alarm(officer, alarm.id, outcome=outcome, cause=cause, text="已返回（演练）")
            acts.write(f"handle {alarm.id}\n")
        close_alarm(officer, alarm.id)
        acts.write(f"close {alarm.id}\n")


if __name__ == "__main__":
    sys.exit(main())
