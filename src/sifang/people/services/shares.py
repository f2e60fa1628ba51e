"""Let another agency read a person for one matter, and end it (社区矫正法5条, 个人信息保护法34条)."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from sifang.kernel.errors import BadInput, BeyondPower, NotFound
from sifang.kernel.time import utc_now
from sifang.ledger.services import record
from sifang.people.models import Agency, AgencyKind, Officer, Person, Share, ShareMatter

BUREAU, OFFICE, POLICE = AgencyKind.JUSTICE_BUREAU, AgencyKind.JUSTICE_OFFICE, AgencyKind.POLICE
CUSTODY = {AgencyKind.PRISON, AgencyKind.DETENTION_CENTRE}
MAY_SEE: dict[str, set[AgencyKind]] = {
    ShareMatter.DECIDED: {AgencyKind.COURT, POLICE, AgencyKind.PRISON, AgencyKind.ELSEWHERE},
    ShareMatter.CUSTODY: CUSTODY | {POLICE},
    ShareMatter.MOVE: {BUREAU, OFFICE, AgencyKind.PROCURATORATE},
    ShareMatter.HANDED_ON: {BUREAU},
    ShareMatter.DESTINATION: {BUREAU, OFFICE},
    ShareMatter.SEARCH: {POLICE},
    ShareMatter.EXIT_CONTROL: {POLICE},
    ShareMatter.PENALTY: {POLICE},
    ShareMatter.COERCIVE: CUSTODY | {POLICE, AgencyKind.COURT},
}


def share(
    by: Officer,
    person: Person,
    agency: Agency,
    matter: ShareMatter,
    *,
    article: str,
    valid_from: datetime | None = None,
    valid_to: datetime | None = None,
) -> Share:
    """Let `agency` read a person for one matter, from inclusive (None: now), to exclusive (None: open).

    A share for the same matter that runs already is returned as it is. Run inside `acting` of an officer
    who covers the person. Raises NotFound for a person he does not see, BadInput for an agency that has no
    such matter.
    """
    if by.agency_id is None or not Person.objects.filter(id=person.id).exists():
        raise NotFound
    if agency.kind not in MAY_SEE[matter]:
        raise BadInput(reason=f"{agency.name}不因“{ShareMatter(matter).label}”查看个人档案")
    start = valid_from or utc_now()
    with transaction.atomic():
        running = Share.objects.filter(Q(valid_to=None) | Q(valid_to__gt=start), person=person)
        found = running.filter(agency=agency, matter=matter, valid_from__lte=start).first()
        if found is not None:
            return found
        made = Share.objects.create(
            person=person,
            agency=agency,
            matter=matter,
            article=article,
            valid_from=start,
            valid_to=valid_to,
            given_by_id=by.agency_id,
            by=by,
        )
        record(
            "sight_shared",
            {
                "share": str(made.id),
                "person": str(person.id),
                "agency": str(agency.id),
                "matter": str(matter),
                "article": article,
                "from": start.isoformat(),
                "to": valid_to.isoformat() if valid_to else None,
                "by": str(by.id),
            },
        )
    return made


def end_share(by: Officer, one: Share, *, at: datetime) -> Share:
    """End a share at an instant (exclusive). Raises BeyondPower unless the officer's agency gave it."""
    if by.agency_id != one.given_by_id:
        raise BeyondPower(owner=one.given_by.name, article="个人信息保护法34条")
    if one.valid_to is not None and one.valid_to <= at:
        return one
    with transaction.atomic():
        one.valid_to = max(at, one.valid_from)
        one.save(update_fields=["valid_to"])
        record("share_ended", {"share": str(one.id), "at": one.valid_to.isoformat(), "by": str(by.id)})
    return one
