"""今日 as data: what is expected at an officer's desk, what came in, whom it waits for; in few queries.

Run by `access_today`: as the officer, for a purpose, with one read record for everybody who is shown.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from uuid import UUID

from django.db.models import Case as When
from django.db.models import Count, DateField, F, Func, Q, QuerySet, Value
from django.db.models import When as If
from django.db.models.functions import TruncDate

from sifang.cases.models import Dispatch, DispatchState, Expectation
from sifang.kernel.time import SHANGHAI, legal_day, utc_now
from sifang.law.procedure import Actor
from sifang.law.procedures import NAMES, edition
from sifang.people.access import Purpose, acting, record_read
from sifang.people.models import Agency, AgencyKind, Delegation, Level, Officer, Role

PAGE = 100
SIDE = 12  # rows of a side card
STRIP = 14  # days of the two weeks
BY_THE_PERSON = (Actor.PERSON.value, Actor.GUARDIAN.value, Actor.HELPER.value)
# a powers' word for each role of the justice bureau, by its level; others answer for all at their agency
OF_BUREAU: Mapping[str, Mapping[str, tuple[Actor, ...]]] = {
    Level.COUNTY: {
        Role.COUNTY_OFFICER: (Actor.COUNTY, Actor.NEW_COUNTY),
        Role.JUSTICE_HEAD: (Actor.HEAD,),
    },
    Level.CITY: {Role.COUNTY_OFFICER: (Actor.HIGHER,), Role.JUSTICE_HEAD: (Actor.HIGHER,)},
    Level.PROVINCE: {Role.COUNTY_OFFICER: (Actor.PROVINCE,), Role.JUSTICE_HEAD: (Actor.PROVINCE,)},
}
OTHERS = (
    AgencyKind.COURT,
    AgencyKind.POLICE,
    AgencyKind.PROCURATORATE,
    AgencyKind.PRISON,
    AgencyKind.DETENTION_CENTRE,
)


@dataclass(frozen=True)
class Scope:
    """What of an agency's desk is this officer's: his words of the tables, and alarms or not."""

    agency: Agency
    actors: tuple[str, ...]
    roles: frozenset[str]

    @property
    def is_head_only(self) -> bool:
        return Role.JUSTICE_HEAD in self.roles and Role.COUNTY_OFFICER not in self.roles

    @property
    def watches(self) -> bool:
        """Whether this is the procuratorate, which sees what others left undone (社区矫正法8条)."""
        return Role.PROSECUTOR in self.roles


@dataclass(frozen=True)
class Today:
    """One desk at one moment. `days`: open matters by the legal day on which they end."""

    at: datetime
    scope: Scope
    rows: list[Expectation]
    more: int
    after: str
    counts: dict[str, int]
    groups: dict[str, int]
    days: dict[date, int]
    inbox: list[Dispatch]
    inbox_total: int
    waiting: list[Dispatch]
    waiting_total: int
    owed: list[Expectation]
    delegations: list[Delegation]
    subjects: dict[UUID, Dispatch] = field(default_factory=dict)


def scope_of(officer: Officer, roles: frozenset[str]) -> Scope:
    """Return which matters at the agency's desk are this officer's."""
    agency = officer.agency
    assert agency is not None
    found: list[str] = []
    if agency.kind == AgencyKind.JUSTICE_BUREAU:
        for role, actors in OF_BUREAU.get(agency.level, {}).items():
            if role in roles:
                found += [one.value for one in actors]
        if roles & {Role.COUNTY_OFFICER, Role.DUTY_OFFICER}:
            found.append("")
    elif agency.kind == AgencyKind.JUSTICE_OFFICE:
        found += [Actor.OFFICE.value, ""]
    return Scope(agency, tuple(dict.fromkeys(found)), roles)


@cache
def delegable_kinds(matter: str, on: date) -> tuple[str, ...]:
    """The kinds of expectation that a justice office may fulfil under a delegation of `matter`."""
    return tuple(
        f"{name}.{step.name}"
        for name in NAMES
        for step in edition(name, on).steps
        if step.delegable == matter and step.actor is Actor.COUNTY
    )


def kinds_left_to(office: Agency, delegations: Iterable[Delegation], on: date) -> frozenset[str]:
    """Return the kinds of expectation that delegations in force leave to this justice office."""
    matters = {one.matter for one in delegations if one.office_id == office.id}
    return frozenset(kind for matter in matters for kind in delegable_kinds(matter, on))


def running_delegations(agency: Agency, on: date) -> list[Delegation]:
    """Return the delegations in force that this agency gave or holds. Run inside `acting`."""
    given = Delegation.objects.filter(Q(agency=agency) | Q(office=agency), valid_from__lte=on)
    return list(
        given.exclude(valid_to__lt=on).select_related("agency", "office").order_by("office__name", "matter")
    )


def at_desk(scope: Scope, view: str, delegations: Iterable[Delegation]) -> QuerySet[Expectation]:
    """Return the open expectations of one view: mine, person (本人应办), agency, watch (监督)."""
    is_open = Expectation.objects.filter(closed_at=None)
    if view == "watch":
        owners = Agency.objects.filter(area_code__startswith=scope.agency.area_code[:4])
        if scope.agency.level == Level.COUNTY:
            owners = owners.filter(area_code=scope.agency.area_code)
        ids = list(owners.exclude(id=scope.agency.id).values_list("id", flat=True))
        return is_open.filter(owner__in=ids, due_at__lte=utc_now(), due_kind="law").exclude(kind="receipt")
    # what came in has its own card; that the person must be told stays in the list
    own = is_open.filter(owner=scope.agency).exclude(Q(kind="receipt") & ~Q(actor__in=BY_THE_PERSON))
    if scope.agency.kind == AgencyKind.JUSTICE_OFFICE:
        return _of_office(scope, view, is_open, delegations)
    told = Q(kind="receipt") | Q(kind="copy")
    if scope.agency.kind != AgencyKind.JUSTICE_BUREAU or view == "agency":
        return own
    theirs = Q(actor__in=BY_THE_PERSON) & ~told
    if view == "person":
        return own.filter(theirs)
    return own.filter(Q(actor__in=scope.actors) | (told if not scope.is_head_only else Q(pk=None)))


def _of_office(
    scope: Scope,
    view: str,
    is_open: QuerySet[Expectation],
    delegations: Iterable[Delegation],
) -> QuerySet[Expectation]:
    """A justice office sees the duties of its persons at the county's desk, and what was left to it."""
    theirs = Q(
        actor__in=BY_THE_PERSON, case__person__office=scope.agency, owner=_parent(scope), kind__contains="."
    )
    kinds = kinds_left_to(scope.agency, delegations, legal_day(utc_now()))
    left = Q(
        kind__in=kinds,
        actor=Actor.COUNTY.value,
        case__person__office=scope.agency,
        owner=_parent(scope),
    )
    if view == "person":
        return is_open.filter(theirs)
    mine = Q(owner=scope.agency) & ~(Q(kind="receipt") & ~Q(actor__in=BY_THE_PERSON))
    wanted = mine | left if kinds else mine
    return is_open.filter(wanted | theirs) if view == "agency" else is_open.filter(wanted)


def _parent(scope: Scope) -> UUID | None:
    return scope.agency.parent_id


def ends_on() -> Func | TruncDate:
    """The legal day on which a matter ends: its end is exclusive, so midnight belongs to the day before."""
    return TruncDate(F("due_at") - timedelta(microseconds=1), tzinfo=SHANGHAI, output_field=DateField())


def bucket(day: date | None, *, is_late: bool, today: date) -> str:
    """Return the group of a matter: late, today, week (to Sunday) or later (also without a period)."""
    if is_late:
        return "late"
    if day is None:
        return "later"
    if day <= today:
        return "today"
    return "week" if day <= today + timedelta(days=6 - today.weekday()) else "later"


def tally(found: QuerySet[Expectation], now: datetime) -> tuple[dict[str, int], dict[date, int]]:
    """Return how many matters stand in each group and end on each day, in one query."""
    today = legal_day(now)
    groups = dict.fromkeys(("late", "today", "week", "later"), 0)
    days: dict[date, int] = {}
    late = When(If(due_at__lte=now, then=Value(value=True)), default=Value(value=False))
    rows = found.order_by().annotate(day=ends_on(), late=late).values_list("day", "late")
    for day, is_late, n in rows.annotate(n=Count("id")):
        groups[bucket(day, is_late=is_late, today=today)] += n
        if day is not None:
            days[day] = days.get(day, 0) + n
    return groups, days


def page(found: QuerySet[Expectation], after: str) -> tuple[list[Expectation], str]:
    """Return the next rows by the end of their periods, and where the page after them begins."""
    rows = found.select_related("case__person", "owner", "proceeding").order_by(
        F("due_at").asc(nulls_last=True), "id"
    )
    moment, _, last = after.partition("_")
    if last and moment != "none":
        at = datetime.fromisoformat(moment)
        rows = rows.filter(Q(due_at__gt=at) | Q(due_at=at, id__gt=UUID(last)) | Q(due_at=None))
    elif last:
        rows = rows.filter(due_at=None, id__gt=UUID(last))
    shown = list(rows[: PAGE + 1])
    if len(shown) <= PAGE:
        return shown, ""
    end = shown[PAGE - 1]
    return shown[:PAGE], f"{end.due_at.isoformat() if end.due_at else 'none'}_{end.id}"


def access_today(
    officer: Officer, purpose: Purpose, roles: frozenset[str], *, view: str = "mine", after: str = ""
) -> Today:
    """Return an officer's desk; everybody shown is in one read record.

    Raises NotFound without a role in force, ValueError for an `after` that no page gave.
    """
    now = utc_now()
    with acting(officer, purpose):
        scope = scope_of(officer, roles)
        delegations = running_delegations(scope.agency, legal_day(now))
        found = at_desk(scope, view, delegations)
        rows, following = page(found, after)
        groups, days = tally(found, now)
        counts = {view: sum(groups.values())}
        for other in views_of(scope):
            if other != view:
                counts[other] = at_desk(scope, other, delegations).order_by().count()
        inbox = Dispatch.objects.filter(to_agency=scope.agency, state=DispatchState.SENT)
        sent = Dispatch.objects.filter(from_agency=scope.agency, to_agency__isnull=False).filter(
            state__in=(DispatchState.SENT, DispatchState.DISPUTED)
        )
        head = scope.is_head_only
        result = Today(
            at=now,
            scope=scope,
            rows=rows,
            more=sum(groups.values()),
            after=following,
            counts=counts,
            groups=groups,
            days=days,
            inbox=[] if head else list(inbox.select_related("from_agency").order_by("created_at")[:SIDE]),
            inbox_total=0 if head else inbox.count(),
            waiting=[]
            if head
            else list(sent.select_related("to_agency", "case__person").order_by("created_at")[:SIDE]),
            waiting_total=0 if head else sent.count(),
            owed=[] if head else _owed(scope),
            delegations=delegations,
            subjects=_dispatches(rows),
        )
        record_read(officer, purpose, "list", _persons(result))
    return result


def views_of(scope: Scope) -> tuple[str, ...]:
    """Return the views of a desk, in the order of the page."""
    if scope.watches:
        return ("mine", "watch")
    if scope.is_head_only or scope.agency.level in {Level.CITY, Level.PROVINCE}:
        return ("mine",)
    if scope.agency.kind in {AgencyKind.JUSTICE_BUREAU, AgencyKind.JUSTICE_OFFICE}:
        return ("mine", "person", "agency")
    return ("mine",)


def _owed(scope: Scope) -> list[Expectation]:
    """What courts, police, procuratorate and custody owe in the cases of this county or office."""
    agency = scope.agency
    if agency.kind not in {AgencyKind.JUSTICE_BUREAU, AgencyKind.JUSTICE_OFFICE}:
        return []
    if agency.level not in {Level.COUNTY, Level.TOWNSHIP}:
        return []
    mine = Q(case__person__county_agency=agency)
    if agency.kind == AgencyKind.JUSTICE_OFFICE:
        mine = Q(case__person__office=agency)
    owners = list(Agency.objects.filter(kind__in=OTHERS).values_list("id", flat=True))
    rows = Expectation.objects.filter(mine, closed_at=None, owner__in=owners).exclude(kind="receipt")
    return list(
        rows.select_related("owner", "case__person").order_by(F("due_at").asc(nulls_last=True), "id")[:SIDE]
    )


def _dispatches(rows: Iterable[Expectation]) -> dict[UUID, Dispatch]:
    ids = [one.subject_id for one in rows if one.subject_kind == "dispatch"]
    return {one.id: one for one in Dispatch.objects.filter(id__in=ids).select_related("to_agency")}


def _persons(found: Today) -> list[UUID]:
    """Everybody whose name the page shows."""
    cases = [one.case for one in (*found.rows, *found.owed) if one.case_id]
    cases += [one.case for one in found.waiting]
    return sorted({case.person_id for case in cases if case is not None})


def count_mine(officer: Officer, purpose: Purpose, roles: frozenset[str]) -> int:
    """Return how many matters of this officer are late or end today: a figure, nobody is shown."""
    now = utc_now()
    with acting(officer, purpose):
        scope = scope_of(officer, roles)
        delegations = running_delegations(scope.agency, legal_day(now))
        tonight = datetime.combine(legal_day(now) + timedelta(days=1), datetime.min.time(), SHANGHAI)
        return at_desk(scope, "mine", delegations).filter(due_at__lte=tonight).order_by().count()
