"""`python -m sifang.ops.guard_incident open WORDS SINCE | close ID`: what the guard leaves in the database.

A program of its own, as role jobs, ended by its caller when the database lets it wait.
"""

import os
import sys
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

PURPOSE = "reconcile"


def open_path_incident(words: str, since: datetime) -> str:
    """Open the technical incident about the stuck path, or find the open one; return its id."""
    from sifang.monitoring.services.incidents import open_incident
    from sifang.people.access import system

    with system(PURPOSE):
        summary = f"定位接收停滞：{words}；期间的无新定位不计入个人"
        return str(open_incident("server", summary[:200], began_at=since).id)


def close_path_incident(incident: UUID) -> None:
    """End the incident unless the watch has ended it already."""
    from sifang.monitoring.models import Incident
    from sifang.monitoring.services.incidents import close_incident
    from sifang.people.access import system

    with system(PURPOSE):
        found = Incident.objects.filter(id=incident, ended_at=None).first()
        if found is not None:
            close_incident(found)


def main(words: Sequence[str]) -> int:
    """Do one of the two; prints the id of an opened incident."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "sifang.ops.django_settings"
    import django

    django.setup()
    if words[0] == "open":
        sys.stdout.write(open_path_incident(words[1], datetime.fromisoformat(words[2])))
    else:
        close_path_incident(UUID(words[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
