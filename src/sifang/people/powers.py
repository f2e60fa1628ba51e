"""Which powers stand on a day: the questions other rooms ask. Read-only."""

from datetime import date, datetime
from uuid import UUID

from django.db.models import Q

from sifang.people.models import Delegation, Share

__all__ = ["is_delegated", "is_shared"]


def is_delegated(office_id: UUID, matter: str, day: date) -> bool:
    """Return whether the county left `matter` to this justice office on a legal day (社区矫正法9条; E6).

    First and last day of a delegation count. `matter`: a value of DelegationMatter.
    """
    running = Delegation.objects.filter(office_id=office_id, matter=matter, valid_from__lte=day)
    return running.exclude(valid_to__lt=day).exists()


def is_shared(person_id: UUID, agency_id: UUID, matter: str, at: datetime) -> bool:
    """Return whether `agency` may read this person for `matter` at an instant (from inclusive, to exclusive).

    Limited by row security to the shares that the officer or system purpose of this transaction sees.
    """
    given = Share.objects.filter(person_id=person_id, agency_id=agency_id, matter=matter, valid_from__lte=at)
    return given.filter(Q(valid_to=None) | Q(valid_to__gt=at)).exists()
