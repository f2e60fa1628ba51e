"""What ought to happen stands once, has an owner and a clock, and is closed only by an act."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.db.utils import DatabaseError

from sifang.cases.errors import AlreadyOpen, NothingExpected
from sifang.cases.models import Case, Expectation
from sifang.cases.services import expect, fulfil, open_case, overdue
from sifang.kernel.ids import uuid7
from sifang.kernel.time import utc_now
from sifang.ledger.models import LedgerPending
from sifang.people.access import system


def expected(city, name="张三", *, due_in=timedelta(minutes=15), subject=None):
    case = city.cases[name]
    return expect(
        "alarm_handling",
        owner=city.agencies["历下区司法局"],
        subject_kind="alarm",
        subject_id=subject or uuid7(),
        article="社区矫正法29条",
        due_at=utc_now() + due_in,
        due_kind="target",
        case=case,
    )


def test_an_order_has_one_case_and_its_opening_leaves_a_ledger_row(city):
    before = LedgerPending.objects.filter(kind="case_opened").count()
    assert before == len(city.cases) == 4
    with pytest.raises(AlreadyOpen), city.acting("王科"):
        open_case(city.orders["张三"])


def test_the_same_expectation_stands_once(city):
    subject = uuid7()
    with city.acting("王科"):
        first = expected(city, subject=subject)
        again = expected(city, subject=subject, due_in=timedelta(days=9))
    assert again == first
    assert again.due_at == first.due_at


def test_it_is_closed_by_the_act_that_fulfils_it_and_the_first_act_stands(city):
    act, other = uuid4(), uuid4()
    with city.acting("王科"):
        open_one = expected(city)
        closed = fulfil("alarm_handling", open_one.subject_id, act)
        assert (closed.id, closed.closed_by) == (open_one.id, act)
        assert closed.closed_at is not None
        assert fulfil("alarm_handling", open_one.subject_id, other).closed_by == act


def test_nothing_expected_cannot_be_fulfilled(city):
    with pytest.raises(NothingExpected), city.acting("王科"):
        fulfil("alarm_handling", uuid4(), uuid4())


@pytest.mark.parametrize("change", [{"due_at": None}, {"article": ""}, {"kind": "other"}])
def test_the_database_refuses_any_change_but_the_closing(city, change):
    with city.acting("王科"):
        one = expected(city)
    with pytest.raises(DatabaseError), city.acting("王科"):
        Expectation.objects.filter(id=one.id).update(**change)


def test_the_database_refuses_to_reopen_or_close_twice(city):
    with city.acting("王科"):
        one = fulfil("alarm_handling", expected(city).subject_id, uuid4())
    for change in ({"closed_at": None, "closed_by": None}, {"closed_by": uuid4()}):
        with pytest.raises(DatabaseError), city.acting("王科"):
            Expectation.objects.filter(id=one.id).update(**change)


def test_overdue_shows_what_is_past_its_instant_longest_first(city):
    now = utc_now()
    with city.acting("王科"):
        late = expected(city, due_in=timedelta(minutes=-1))
        later = expected(city, due_in=timedelta(minutes=-9))
        done = expected(city, due_in=timedelta(minutes=-5))
        expected(city, due_in=timedelta(minutes=9))
        fulfil("alarm_handling", done.subject_id, uuid4())
        assert list(overdue(now)) == [later, late]
        assert list(overdue(late.due_at)) == [later, late]  # the instant itself is too late


@pytest.mark.parametrize(
    ("officer", "cases"),
    [("王科", 3), ("李所", 2), ("赵检", 3), ("冯班", 4), ("周外", 1), ("钱法", 4), ("米书", 0)],
)
def test_who_sees_the_person_sees_the_course_and_what_is_expected(city, officer, cases):
    with city.acting("王科"):
        one = expected(city)
    with city.acting(officer):
        assert Case.objects.count() == cases
        assert Expectation.objects.filter(id=one.id).exists() == (officer not in {"周外", "钱法", "米书"})


def test_an_outsider_neither_expects_nor_fulfils(city):
    with city.acting("王科"):
        one = expected(city)
    with pytest.raises(NothingExpected), city.acting("周外"):
        fulfil("alarm_handling", one.subject_id, uuid4())
    with pytest.raises(DatabaseError), city.acting("周外"):
        expected(city)
    with city.acting("王科"):
        assert Expectation.objects.get(id=one.id).closed_at is None


def test_without_context_nothing_is_seen(city):
    with city.acting("王科"):
        expected(city)
    assert not Case.objects.exists()
    assert not Expectation.objects.exists()


@pytest.mark.django_db(transaction=True, databases=["default", "watch", "jobs"])
def test_the_watch_expects_and_the_jobs_see_what_is_overdue(city):
    now = utc_now()
    with system("watch", using="watch"):
        Expectation.objects.using("watch").create(
            kind="alarm_handling",
            subject_kind="alarm",
            subject_id=uuid7(),
            owner=city.agencies["历下区司法局"],
            article="社区矫正法29条",
            due_at=now,
            due_kind="target",
            case=city.cases["张三"],
        )
    with system("reconcile", using="jobs"):
        assert Expectation.objects.using("jobs").filter(due_at__lte=now).count() == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM cases_expectation")
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize(("officer", "rows"), [("赵检", 0), ("周外", 0), ("孙警", 0), ("王科", 1)])
def test_nobody_else_makes_an_expectation_look_done(city, officer, rows):
    with city.acting("王科"):
        subject = expected(city).subject_id
    with city.acting(officer):
        found = Expectation.objects.filter(subject_id=subject)
        assert found.update(closed_at=utc_now(), closed_by=uuid4()) == rows


def test_the_procuratorate_reads_cases_and_changes_none(city):
    with city.acting("赵检"):
        assert Case.objects.filter(id=city.cases["张三"].id).count() == 1
        assert Case.objects.update(closed_at=utc_now()) == 0


def test_a_case_stays_with_its_person(city):
    with city.acting("王科"), pytest.raises(DatabaseError, match="不得改属"):
        Case.objects.filter(id=city.cases["张三"].id).update(person=city.persons["卫某"])
