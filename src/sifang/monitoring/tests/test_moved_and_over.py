"""A change of place passes the boundary on without a moment between; the order's end ends all (E17, E2)."""

from datetime import timedelta

import pytest

from sifang.cases.clock import reconcile, run_clock
from sifang.cases.models import Case, Expectation
from sifang.kernel.errors import BeyondPower, NotFound
from sifang.kernel.time import legal_day, utc_now
from sifang.law.time import day_begins
from sifang.ledger.models import LedgerPending
from sifang.monitoring.models import Binding, Clause, ClauseException, ClauseKind, Fence, Measure
from sifang.monitoring.services.clauses import make_clause_known
from sifang.monitoring.services.measures import end_expired, end_measure
from sifang.monitoring.tests.conftest import as_role
from sifang.monitoring.tests.lawful import Course
from sifang.monitoring.tests.test_away import spans
from sifang.monitoring.tests.test_positioning import DAY, in_use, told_to_the_watch
from sifang.people.access import system


@pytest.fixture
def course(desk):
    return Course(desk.city, "张三")


def handed_over(course):
    """All of a change of place to 商河 but the new county's registration."""
    today = legal_day(utc_now())
    answers = {
        "apply": {"purpose": "home", "new_address": "商河县许商街道", "new_agency": "商河县司法局",
                  "wanted_on": (today + 35 * DAY).isoformat(), "proof": "租房合同"},
        "take_directly": {"no_comment": "本人直接申请"},
        "agree": {"found": "住址属实", "opinion": "同意"},
        "decide": {"educated": "yes"},
        "serve": {"signed": "本人签收"},
        "hand_over": {"papers": "档案一册"},
        "arrive": {"identity": "居民身份证"},
    }  # fmt: skip
    for step in ("apply", "take_directly", "ask", "agree", "decide", "serve", "hand_over", "arrive"):
        officer = "周外" if step in {"agree", "arrive"} else "王科"
        course.does(officer, "move", step, **answers.get(step, {}))


def clauses(course, by):
    with course.city.acting(by):
        found = Clause.objects.filter(order=course.city.orders["张三"], kind=ClauseKind.BOUNDARY)
        return list(found.order_by("valid_from"))


def test_with_the_registration_the_boundary_of_the_new_county_binds_and_the_measure_goes_on(course, desk):
    in_use(course, desk)
    handed_over(course)
    (old,) = clauses(course, "王科")
    with pytest.raises((BeyondPower, NotFound)):
        course.does("王科", "move", "register")
    assert clauses(course, "王科")[0].valid_to > utc_now()
    act = course.does("周外", "move", "register")
    with desk.city.acting("周外"):
        measure = Measure.objects.get()
        assert (measure.ended_at, Binding.objects.get().unbound_at) == (None, None)
        first, second = clauses(course, "周外")
        assert (first.id, first.valid_to) == (old.id, act.at)
        assert (second.valid_from, second.area_code) == (act.at, "370126")  # no moment between
        assert Fence.objects.get(clause=second).measure_id == measure.id
        expected = Expectation.objects.get(kind="clause_told", closed_at=None)
        assert (expected.owner.name, expected.subject_id) == ("商河县司法局", second.id)
    assert told_to_the_watch(course, by="周外").fences == []  # not before it was told
    make_clause_known(desk["周外"], second)
    assert len(told_to_the_watch(course, by="周外").fences) == 1
    with desk.city.acting("周外"):
        assert not Expectation.objects.filter(kind="clause_told", closed_at=None).exists()


def test_a_leave_goes_on_after_the_registration(course, desk):
    in_use(course, desk)
    course.on_leave(20)
    handed_over(course)
    course.does("周外", "move", "register")
    make_clause_known(desk["周外"], clauses(course, "周外")[1])
    assert spans(course, by="周外") == [(0, 20)]


def test_the_head_of_the_new_county_is_the_head_afterwards(course, desk):
    in_use(course, desk)
    handed_over(course)
    course.does("周外", "move", "register")
    with desk.city.acting("周外"):
        measure = Measure.objects.get()
    with pytest.raises((BeyondPower, NotFound)):
        end_measure(desk["王科"], measure, reason="不再需要")
    course.does("周外", "positioning", "end", why_ended="不再需要")
    with desk.city.acting("周外"):
        assert Measure.objects.get().ended_at is not None


def test_an_early_end_of_the_order_ends_measure_device_clause_and_leave_with_a_trace(course, desk):
    in_use(course, desk)
    course.on_leave(20)
    act = course.does(
        "王科",
        "ending",
        "revoke",
        document_no="（2026）鲁0102刑更1号",
        document_on=legal_day(utc_now()).isoformat(),
    )
    with desk.city.acting("王科"):
        measure = Measure.objects.get()
        assert (measure.ended_at, measure.end_reason) == (act.at, "矫正期限终止")
        assert Binding.objects.get().unbound_at == act.at
        assert {clause.valid_to for clause in Clause.objects.all()} == {act.at}
        assert ClauseException.objects.get().clause.valid_to == act.at
        open_ = Expectation.objects.filter(case=act.case_id, closed_at=None, kind__startswith="positioning")
        assert not open_.exists()
    assert LedgerPending.objects.filter(kind="measure_ended").count() == 1
    assert told_to_the_watch(course).measures == []


@pytest.mark.django_db(transaction=True, databases="__all__")
def test_at_the_last_day_nothing_waits_for_the_release(desk):
    """Nobody released: the clock ends the course, and what was worn is written off with it."""
    city, today = desk.city, legal_day(utc_now())
    last = today - DAY
    city.register("王科", city.facts("戊某", "历下-2026-0555"), city.paper("戊某", term_end=last))
    with system("migration", using="owner"):
        Case.objects.using("owner").update(opened_at=utc_now() - 60 * DAY)
    course = Course(city, "戊某")
    in_use(course, desk, at=utc_now() - 30 * DAY)
    with city.acting("王科"):
        assert Measure.objects.get().ends_at == day_begins(today)
    assert told_to_the_watch(course).measures == []
    with as_role("jobs"):
        run_clock(utc_now())
        with system("reconcile"):
            assert end_expired(utc_now()) <= 1
        assert reconcile(utc_now(), cases=[city.cases["戊某"].id]).is_empty
    with city.acting("王科"):
        measure = Measure.objects.get()
        assert measure.ended_at == day_begins(today)
        assert Binding.objects.get().unbound_at == day_begins(today)
    assert LedgerPending.objects.filter(kind="measure_ended").count() == 1
    with pytest.raises(Exception, match=r"矫正期|没有"):
        course.does("王科", "positioning", "ground_absence", new=True, proof=str(measure.act_id))
    assert timedelta(0) < utc_now() - measure.ended_at
