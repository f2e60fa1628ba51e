"""What must hold always: one authority for each leave, release on the day of the end, omissions are seen.

That nobody is away without a decision and no state is without an exit is asked of every random course.
"""

from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
from django.db import connection

from sifang.cases.acts import Wish, take
from sifang.cases.expected import Run, clock_rows, expected_of
from sifang.cases.facts import fullest_window
from sifang.cases.models import Act, Expectation, Proceeding
from sifang.kernel.errors import BeyondPower
from sifang.kernel.time import SHANGHAI
from sifang.law.calendar import Calendar
from sifang.law.procedure import Actor
from sifang.law.procedures import edition
from sifang.people.access import system
from tests.courses.world import as_role, taken_back


def received(living, seed, **facts):
    """A course up to reception, by the officers whose powers they are."""
    course = living(seed, **{"type": "probation", "elsewhere": False, "approved_by": "court", **facts})
    for step, more in (
        ("report", {}),
        ("verify_identity", {"identity_by": "身份证"}),
        ("receive", {}),
    ):
        list(course.open_rows())
        found = [one for one in course.open_rows() if one[0] == "intake" and one[2].name == step]
        assert any(course.take(*one, **more) for one in found), course.refused
        course.clock.at += timedelta(hours=1)
    return course


def who_may(course, run: Proceeding) -> set[str]:
    """Every officer tries to grant the leave; who succeeds is noted and taken back."""
    list(course.open_rows())
    person, world = course.now.person, course.world
    county = person.county_agency
    tries = {
        "office": world.officer_of(person.office),
        "county": world.officer_of(county),
        "city": world.officer_of(county.parent),
        "head": world.heads[county.id],
        "province": world.officer_of(county.parent.parent),
    }
    able = set()
    for name, officer in tries.items():
        try:
            with taken_back():
                take(officer, course.case_id, Wish("leave", "approve", {}, proceeding=run.id))
                able.add(name)
        except BeyondPower:
            pass
    return able


@pytest.mark.slow
@pytest.mark.parametrize("office", ["委托所", "未托所"])
def test_exactly_one_authority_for_each_length_and_sum_of_leave(living, office):
    """With and without delegation; 7, 30 and the sum of 30 in two months divide the powers (办法27条)."""
    with taken_back():
        course = received(living, 11, office=office, minor=False, woman=False)
        random, away = Random(7), set()
        for length in (7, 8, 15, 3):  # the third makes just 30 days in two months, the fourth more
            first = course.today + timedelta(days=random.randrange(3, 9))
            last = first + timedelta(days=length - 1)
            run = apply(course, first, last)
            window = fullest_window(away | days(first, last), first, last)
            assert in_database(course, run, first, last) == window
            short, long = length <= 7, length > 30 or window > 30
            expected = "city" if long else "county" if not short or office == "未托所" else "office"
            assert who_may(course, run) == {expected}, (length, window)
            grant(course, run, expected)
            away |= days(first, last)
            course.clock.at = datetime.combine(last, datetime.min.time(), SHANGHAI).astimezone(UTC)
            give_back(course, run, last)


def apply(course, first: date, last: date) -> Proceeding:
    list(course.open_rows())
    row = next(edition("leave", course.today).rows_from("draft"))
    answers = {"leaves_on": first.isoformat(), "returns_on": last.isoformat()}
    assert course.take("leave", None, row, **answers), course.refused
    with as_role("jobs"), system("reconcile", continues=True):
        return Proceeding.objects.filter(case_id=course.case_id, procedure="leave").latest("id")


def grant(course, run: Proceeding, by: str) -> None:
    actor = {"office": Actor.OFFICE, "county": Actor.COUNTY, "city": Actor.HIGHER}[by]
    rows = edition("leave", course.today).rows_from("applied")
    row = next(one for one in rows if one.name == "approve" and one.actor is actor)
    assert course.take("leave", run, row)


def give_back(course, run: Proceeding, last: date) -> None:
    list(course.open_rows())
    with as_role("jobs"), system("reconcile", continues=True):
        run.refresh_from_db()
    rows = edition("leave", course.today).rows_from("granted")
    row = next(one for one in rows if one.name == "confirm_return")
    assert course.take("leave", run, row, returned_on=last.isoformat()), course.refused


def days(first: date, last: date) -> set[date]:
    return {first + timedelta(days=n) for n in range((last - first).days + 1)}


def in_database(course, run: Proceeding, first: date, last: date) -> int:
    with as_role("jobs"), system("reconcile", continues=True), connection.cursor() as cursor:
        cursor.execute("SELECT sifang_leave_window(%s, %s, %s, %s)", [course.case_id, run.id, first, last])
        return cursor.fetchone()[0]


def test_every_length_and_sum_has_exactly_one_power():
    """The rows themselves, for all lengths to 90 days and sums to 120, with and without delegation."""
    table = edition("leave", date(2026, 3, 2))
    for state, more in (("applied", {}), ("granted", {"longer_asked_on": "2026-03-02"})):
        rows = [row for row in table.rows_from(state) if row.name == "approve"]
        for length in range(1, 91):
            for window in range(length, 121):
                for delegated in (True, False):
                    facts = {"days": length, "window_days": window, "delegated_leave": delegated, **more}
                    owners = [row.actor for row in rows if row.is_open({"type": "probation", **facts})]
                    assert len(owners) == 1, facts


# ---- the end ------------------------------------------------------------


def test_release_is_due_on_the_day_of_the_end_for_5000_terms():
    """Holidays included; at its 24:00 the clock ends everything, not a second later (社区矫正法44条)."""
    random, calendar = Random(44), Calendar.load()
    for _ in range(5000):
        end = date(2020, 7, 1) + timedelta(days=random.randrange(365 * 12))
        kind = random.choice(("control", "probation", "parole", "outside_prison"))
        facts = {"type": kind, "term_end": end.isoformat(), "minor": random.random() < 0.3}
        run = Run("1", edition("ending", max(end, date(2020, 7, 1))), "running", facts)
        midnight = datetime.combine(end + timedelta(days=1), datetime.min.time(), SHANGHAI)
        release = [one for one in expected_of(run, calendar) if one.step == "release"]
        assert [one.moment.ends_at for one in release] == [midnight]
        assert [when for when, step in clock_rows(run, calendar) if step.name == "expire"] == [midnight]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_after_the_end_nothing_is_supervised(living, seed):
    """Released on the day, or stopped by the clock at its 24:00: no burden, no open duty but the papers."""
    with taken_back():
        course = received(living, seed, type=("control", "probation")[seed])
        end = course.facts.term_end
        course.clock.at = course.at(end, 10)
        course.run_clock()
        if seed % 2:
            list(course.open_rows())
            rows = [one for one in course.open_rows() if (one[0], one[2].name) == ("ending", "release")]
            assert any(course.take(*one) for one in rows), course.refused
        course.clock.at = course.at(end + timedelta(days=1), 0)
        course.run_clock()
        for _ in range(4):
            course.wait()
            course.step()
        with as_role("jobs"), system("reconcile", continues=True):
            acts = list(Act.objects.filter(case_id=course.case_id, day__gt=end))
            burdens = [one.step for one in acts if edition(one.procedure, one.day).steps[one.row].burden]
            late = Expectation.objects.filter(case_id=course.case_id, subject_kind="proceeding")
            kinds = set(late.filter(closed_at=None).values_list("kind", flat=True))
        assert burdens == []
        assert kinds <= {
            "ending.release", "ending.discharge", "exit_control.withdraw", "minor.seal", "minor.close",
            "minor.check_schooling", "minor.notify_education",
        }  # fmt: skip


# ---- what goes wrong is seen ------------------------------------------------------------


@pytest.mark.slow
def test_seeded_omissions_are_found_and_nothing_else(living):
    """A row deleted, a row closed by nobody's act, a step not taken, a copy not sent: each is seen."""
    from sifang.cases.clock import reconcile
    from sifang.cases.services import overdue

    with taken_back():
        course = received(living, 5, minor=True)
        with as_role("jobs"):
            assert reconcile(course.clock.at, cases=[course.case_id]).is_empty
        with as_role("owner"), system("migration"):
            rows = Expectation.objects.filter(case_id=course.case_id, subject_kind="proceeding")
            open_now = list(rows.filter(closed_at=None).order_by("kind"))
            lost, shut = open_now[0], open_now[1]
            lost.delete()
            shut.closed_at, shut.closed_by = course.clock.at, course.case_id
            shut.save(update_fields=["closed_at", "closed_by"])
        with as_role("jobs"):
            told = reconcile(course.clock.at, cases=[course.case_id])
        assert {one[1].split()[0] for one in told.missing} == {lost.kind, shut.kind}
        assert told.unfounded == []
        course.clock.at += timedelta(days=60)  # nothing is done, nothing confirmed
        with as_role("jobs"), system("reconcile", continues=True):
            late = set(overdue(course.clock.at).filter(case_id=course.case_id).values_list("kind", flat=True))
        assert {one.kind for one in open_now[2:] if one.due_at <= course.clock.at} <= late
        assert "receipt" in late
