"""Which powers stand on a day: the questions other rooms ask. Read-only."""

from datetime import date
from uuid import UUID

from sifang.people.models import Delegation

__all__ = ["is_delegated"]


def is_delegated(office_id: UUID, matter: str, day: date) -> bool:
    """Return whether the county left `matter` to this justice office on a legal day (社区矫正法9条; E6).

    First and last day of a delegation count. `matter`: a value of DelegationMatter.
    """
    running = Delegation.objects.filter(office_id=office_id, matter=matter, valid_from__lte=day)
    return running.exclude(valid_to__lt=day).exists()
