"""`python -m tests.faults.common.ending --measure N`: an officer lifts a measure, as the pages do."""

import argparse
import sys


def main() -> int:
    """End the measure; returns 0."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--measure", type=int, required=True)
    asked = parser.parse_args()
    import django

    django.setup()
    from sifang.monitoring.models import Measure
    from sifang.monitoring.services.measures import end_measure
    from sifang.people.access import system
    from sifang.people.models import Officer, Role, RoleGrant

    with system("migration"):
        measure = Measure.objects.select_related("person").get(number=asked.measure)
        held = RoleGrant.objects.filter(role=Role.COUNTY_OFFICER, valid_to=None)
        granted = held.filter(officer__agency_id=measure.person.county_agency_id)
        officer = Officer.objects.get(id=granted.values_list("officer_id", flat=True)[0])
        end_measure(officer, measure, reason="已无必要（演练）")
    return 0


if __name__ == "__main__":
    sys.exit(main())
