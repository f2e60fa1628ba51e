"""What the desks beside 今日 show: hand-over, leave, positioning measures, caseload, the days of a month.

Each function runs as the officer, for a purpose, and leaves one read record for everybody whom it shows.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet

from sifang.cases.desk import ends_on, kinds_left_to, running_delegations
from sifang.cases.models import Case, Dispatch, Expectation, Proceeding, Stage
from sifang.kernel.time import legal_day, utc_now
from sifang.law.time import day_begins
from sifang.people.access import Purpose, acting, record_read
from sifang.people.models import Agency, AgencyKind, Level, Officer, Person, Role

PAGE = 60
LOOKED_BACK = timedelta(days=30)
JUSTICE = (AgencyKind.JUSTICE_BUREAU, AgencyKind.JUSTICE_OFFICE, AgencyKind.PROCURATORATE)


@dataclass(frozen=True)
class Reception:
    """One case in hand-over: its two tracks, what is expected in them, and the copies to other parties."""

    case: Case
    facts: dict[str, object]
    states: dict[str, str]
    proceedings: dict[str, UUID]
    expected: dict[str, Expectation]
    letters: list[Dispatch]


@dataclass(frozen=True)
class Heads:
    """Head counts of a week and of the judgments of thirty days; what is not received is named."""

    monday: date
    before: int
    received: int
    ended: int
    now: int
    took_effect: int
    were_received: int
    in_time: list[Person]
    missing: list[Person]
    gone: int


@dataclass(frozen=True)
class HandoverDesk:
    at: datetime
    rows: list[Reception]
    total: int
    heads: Heads | None


def access_handover(officer: Officer, purpose: Purpose, *, start: int = 0) -> HandoverDesk:
    """Return the cases in hand-over that this officer sees; courts and custody bodies see their own orders.

    Of its own orders a deciding body also sees those received within the last 30 days: the receipts.
    """
    now = utc_now()
    with acting(officer, purpose):
        agency = officer.agency
        assert agency is not None
        cases = Case.objects.filter(stage=Stage.HANDOVER)
        if agency.kind not in JUSTICE and agency.kind != AgencyKind.POLICE:
            since = legal_day(now) - LOOKED_BACK
            cases = Case.objects.filter(order__decided_by=agency).filter(
                Q(stage=Stage.HANDOVER) | Q(order__received_on__gte=since)
            )
        total = cases.count()
        ordered = cases.select_related(
            "person__county_agency", "person__office", "order__decided_by"
        ).order_by("opened_at", "id")
        shown = list(ordered[start : start + PAGE])
        rows = _receptions(shown)
        heads = _heads(legal_day(now)) if agency.kind in JUSTICE else None
        persons = {one.case.person_id for one in rows}
        if heads:
            persons |= {one.id for one in (*heads.in_time, *heads.missing)}
        record_read(officer, purpose, "list", sorted(persons))
    return HandoverDesk(now, rows, total, heads)


def _receptions(cases: Sequence[Case]) -> list[Reception]:
    ids = [one.id for one in cases]
    tracks: dict[UUID, list[Proceeding]] = defaultdict(list)
    for run in Proceeding.objects.filter(case__in=ids, procedure__in=("handover", "intake")):
        tracks[run.case_id].append(run)
    wanted: dict[UUID, dict[str, Expectation]] = defaultdict(dict)
    for one in Expectation.objects.filter(case__in=ids, closed_at=None).select_related("owner"):
        wanted[one.case_id or UUID(int=0)][one.kind] = one
    letters: dict[UUID, list[Dispatch]] = defaultdict(list)
    sent = Dispatch.objects.filter(case__in=ids, to_agency__isnull=False)
    for letter in sent.select_related("from_agency", "to_agency").order_by("created_at"):
        letters[letter.case_id].append(letter)
    return [
        Reception(
            case=case,
            facts={key: value for run in tracks[case.id] for key, value in run.facts.items()},
            states={run.procedure: run.state for run in tracks[case.id]},
            proceedings={run.procedure: run.id for run in tracks[case.id]},
            expected=wanted[case.id],
            letters=letters[case.id],
        )
        for case in cases
    ]


def _heads(today: date) -> Heads:
    """Count the register of this week; persons are counted where they are today (变更执行地 included)."""
    monday = today - timedelta(days=today.weekday())
    began = day_begins(monday)
    stood = Case.objects.filter(order__received_on__isnull=False)
    recent = Case.objects.filter(order__effective_on__gt=today - LOOKED_BACK, order__effective_on__lte=today)
    # what the register held without a hand-over (an import) was received before it came here
    course = recent.filter(proceedings__procedure="intake").select_related("person", "order").distinct()
    waits = {
        run.case_id: run
        for run in Proceeding.objects.filter(procedure="intake", case__in=course).only(
            "case_id", "state", "facts"
        )
    }
    in_time: list[Person] = []
    missing: list[Person] = []
    received = gone = 0
    for case in course:
        state = waits[case.id].state
        if case.order.received_on is not None:
            received += 1
        elif state == "ended":
            gone += 1
        elif state == "missing":
            missing.append(case.person)
        else:
            in_time.append(case.person)
    return Heads(
        monday=monday,
        before=stood.filter(order__received_on__lt=monday).exclude(closed_at__lt=began).count(),
        received=stood.filter(order__received_on__gte=monday).count(),
        ended=stood.filter(closed_at__gte=began).count(),
        now=stood.filter(closed_at=None).count(),
        took_effect=len(course),
        were_received=received,
        in_time=in_time,
        missing=missing,
        gone=gone,
    )


@dataclass(frozen=True)
class Runs:
    """Proceedings of one kind, with what is expected in them; `left`: kinds that are the office's to do."""

    at: datetime
    rows: list[Proceeding]
    expected: dict[UUID, list[Expectation]]
    total: int
    left: frozenset[str] = frozenset()


def access_runs(
    officer: Officer, purpose: Purpose, procedure: str, states: Iterable[str], *, limit: int = 200
) -> Runs:
    """Return the running proceedings of a procedure in these states, those to be acted on soonest first."""
    now = utc_now()
    with acting(officer, purpose):
        found = Proceeding.objects.filter(procedure=procedure, state__in=list(states))
        total = found.count()
        rows = list(
            found.select_related(
                "case__person__office", "case__person__county_agency", "case__order"
            ).order_by("started_at", "id")[:limit]
        )
        expected: dict[UUID, list[Expectation]] = defaultdict(list)
        open_ones = Expectation.objects.filter(
            proceeding__in=[one.id for one in rows], closed_at=None, subject_kind="proceeding"
        )
        for one in open_ones.order_by(F("due_at").asc(nulls_last=True)):
            expected[one.subject_id].append(one)
        record_read(officer, purpose, "list", sorted({one.case.person_id for one in rows}))
        left: frozenset[str] = frozenset()
        if officer.agency is not None and officer.agency.kind == AgencyKind.JUSTICE_OFFICE:
            day = legal_day(now)
            left = kinds_left_to(officer.agency, running_delegations(officer.agency, day), day)
    return Runs(now, rows, expected, total, left)


@dataclass(frozen=True)
class Load:
    """The cases of one agency in figures; nobody is named."""

    agency: Agency
    register: int = 0
    waiting: int = 0
    week: int = 0
    late: int = 0
    away: int = 0
    measured: int = 0


def caseload(officer: Officer, purpose: Purpose) -> list[Load]:
    """Return the figures of each office (of a county), or of each county (of the city), that one sees."""
    now = utc_now()
    today = legal_day(now)
    sunday = day_begins(today + timedelta(days=7 - today.weekday()))
    with acting(officer, purpose):
        agency = officer.agency
        assert agency is not None
        key = "county_agency" if agency.level in {Level.CITY, Level.PROVINCE} else "office"
        where = f"person__{key}"

        def count(found: QuerySet[Case], by: str = where) -> dict[UUID | None, int]:
            return dict(found.order_by().values_list(by).annotate(n=Count("id")))

        cases = Case.objects.all()
        register = count(cases.filter(stage=Stage.SUPERVISED))
        waiting = count(cases.filter(stage=Stage.HANDOVER))
        runs = Proceeding.objects.filter(closed_at=None)
        away = _runs_by(
            runs.filter(
                procedure="leave", state__in=("granted", "overdue"), facts__leaves_on__lte=today.isoformat()
            ),
            key,
        )
        using = _runs_by(
            runs.filter(
                procedure="positioning", state__in=("approved", "in_use", "prolonged", "in_longer_use")
            ),
            key,
        )
        due = Expectation.objects.filter(closed_at=None, case__isnull=False)
        late = _due_by(due.filter(due_at__lte=now), key)
        week = _due_by(due.filter(due_at__gt=now, due_at__lte=sunday), key)
        ids = {*register, *waiting, *away, *using, *late, *week}
        agencies = {one.id: one for one in Agency.objects.filter(id__in=[one for one in ids if one])}
    rows = [
        Load(
            agencies[one],
            register.get(one, 0),
            waiting.get(one, 0),
            week.get(one, 0),
            late.get(one, 0),
            away.get(one, 0),
            using.get(one, 0),
        )
        for one in ids
        if one is not None
    ]
    rows.sort(key=lambda one: one.agency.name)
    if None in ids:  # not yet with an office: the county itself looks after them
        rows.insert(
            0,
            Load(
                agency,
                register.get(None, 0),
                waiting.get(None, 0),
                week.get(None, 0),
                late.get(None, 0),
                away.get(None, 0),
                using.get(None, 0),
            ),
        )
    return rows


def _runs_by(found: QuerySet[Proceeding], key: str) -> dict[UUID | None, int]:
    by = found.order_by().values_list(f"case__person__{key}")
    return dict(by.annotate(n=Count("case", distinct=True)))


def _due_by(found: QuerySet[Expectation], key: str) -> dict[UUID | None, int]:
    return dict(found.order_by().values_list(f"case__person__{key}").annotate(n=Count("id")))


@dataclass(frozen=True)
class Month:
    """The days of a month with what ends on each; the rows are those of one chosen day."""

    at: datetime
    counts: dict[date, tuple[int, int]]
    rows: list[Expectation]


def access_month(officer: Officer, purpose: Purpose, first: date, last: date, chosen: date | None) -> Month:
    """Return how many matters of the agency end on each day (law, target), and one day's rows."""
    now = utc_now()
    with acting(officer, purpose):
        found = Expectation.objects.filter(closed_at=None, owner=officer.agency_id).exclude(kind="receipt")
        if officer.agency and officer.agency.kind == AgencyKind.JUSTICE_BUREAU and _is_head(officer):
            found = found.filter(actor="县级司法行政部门负责人")
        inside = found.filter(due_at__gt=day_begins(first), due_at__lte=day_begins(last + timedelta(days=1)))
        counts: dict[date, tuple[int, int]] = {}
        for day, kind, n in (
            inside.order_by().annotate(day=ends_on()).values_list("day", "due_kind").annotate(n=Count("id"))
        ):
            law, target = counts.get(day, (0, 0))
            counts[day] = (law + n, target) if kind == "law" else (law, target + n)
        rows: list[Expectation] = []
        if chosen is not None:
            of_day = inside.filter(
                due_at__gt=day_begins(chosen), due_at__lte=day_begins(chosen + timedelta(days=1))
            )
            rows = list(of_day.select_related("case__person", "owner").order_by("due_at", "id")[:100])
        record_read(officer, purpose, "list", sorted({one.case.person_id for one in rows if one.case}))
    return Month(now, counts, rows)


def _is_head(officer: Officer) -> bool:
    now = utc_now()
    held = set(
        officer.grants.filter(valid_from__lte=now).exclude(valid_to__lte=now).values_list("role", flat=True)
    )
    return Role.JUSTICE_HEAD in held and Role.COUNTY_OFFICER not in held
