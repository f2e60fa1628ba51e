"""Leave a matter to a justice office for a time, and end it (社区矫正法9条, 办法10条; E6)."""

from datetime import date, timedelta

from django.db import transaction

from sifang.kernel.errors import BadInput, BeyondPower
from sifang.kernel.time import legal_day, utc_now
from sifang.ledger.services import record
from sifang.people.models import (
    Agency,
    AgencyKind,
    Delegation,
    DelegationMatter,
    DelegationTitle,
    Level,
    Officer,
    Role,
    active_roles,
)


def delegate(
    by: Officer,
    office: Agency,
    matter: DelegationMatter,
    *,
    document_no: str,
    valid_from: date,
    valid_to: date | None = None,
    title: DelegationTitle = DelegationTitle.ENTRUSTED,
) -> Delegation:
    """Leave a matter to a justice office of the officer's county; both legal days are inclusive.

    `valid_to` None: until ended. Run inside `acting`. Raises BeyondPower for anybody but an officer or the
    head of that county's agency, BadInput for a paper that cannot be.
    """
    county = _need_county(by, office)
    if not document_no.strip():
        raise BadInput(reason="委托须有委托书文号")
    if valid_to is not None and valid_to < valid_from:
        raise BadInput(reason="委托的止日不能早于起日")
    with transaction.atomic():
        row = Delegation.objects.create(
            agency=county,
            office=office,
            matter=matter,
            title=title,
            document_no=document_no.strip(),
            valid_from=valid_from,
            valid_to=valid_to,
            by=by,
        )
        record(
            "matter_delegated",
            {
                "delegation": str(row.id),
                "agency": str(county.id),
                "office": str(office.id),
                "matter": str(matter),
                "title": str(title),
                "from": valid_from.isoformat(),
                "to": valid_to.isoformat() if valid_to else None,
                "by": str(by.id),
            },
        )
    return row


def end_delegation(by: Officer, delegation: Delegation, *, last_day: date) -> Delegation:
    """End a delegation: `last_day` (inclusive) is its last; never later than it said, never back in time.

    The earliest last day is yesterday, or its first day when it has not begun before. Raises BeyondPower,
    BadInput.
    """
    _need_county(by, delegation.office)
    yesterday = legal_day(utc_now()) - timedelta(days=1)
    if last_day < max(yesterday, delegation.valid_from):
        raise BadInput(reason="已经依委托办过的事不能倒回去变成没有委托")
    if delegation.valid_to is not None and last_day > delegation.valid_to:
        raise BadInput(reason="延长委托须另出委托书")
    with transaction.atomic():
        delegation.valid_to = last_day
        delegation.save(update_fields=["valid_to"])
        record(
            "delegation_ended",
            {"delegation": str(delegation.id), "last_day": last_day.isoformat(), "by": str(by.id)},
        )
    return delegation


def _need_county(by: Officer, office: Agency) -> Agency:
    """社区矫正法9条: the county agency delegates, to its own justice offices alone."""
    if office.kind != AgencyKind.JUSTICE_OFFICE or office.parent is None:
        raise BadInput(reason="只能委托给司法所")
    county = office.parent
    own = by.agency_id == county.id and county.level == Level.COUNTY
    if not own or not active_roles(by, utc_now()) & {Role.COUNTY_OFFICER, Role.JUSTICE_HEAD}:
        raise BeyondPower(owner=county.name, article="社区矫正法9条")
    return county
