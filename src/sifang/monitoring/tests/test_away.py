"""A leave and its fence are one decision: the act that grants opens, the act that ends closes (E5, E6)."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from sifang.kernel.errors import BeyondPower, NotFound
from sifang.kernel.time import SHANGHAI, legal_day, utc_now
from sifang.law.time import day_begins, months_later
from sifang.monitoring.models import ClauseException
from sifang.monitoring.services.clauses import add_boundary_clause, compile_fences, make_clause_known
from sifang.monitoring.specs import load_specs
from sifang.monitoring.tests.lawful import Course
from sifang.people.access import Purpose, acting

DAY = timedelta(days=1)
INSERT = """
INSERT INTO monitoring_clauseexception (id, clause_id, starts_at, ends_at, article, document_no,
                                        approved_by_id, act_id)
VALUES (%s, %s, %s, %s, '社区矫正法27条', '准1', %s, %s)
"""


@pytest.fixture
def course(desk):
    """张三 with a boundary fence and a device."""
    desk.fenced()
    return Course(desk.city, "张三")


def spans(course, by="王科"):
    """From … to of what the watch is told, Shanghai days from today."""
    with acting(course.city[by], Purpose.MEASURE), connection.cursor() as cursor:
        (fence,) = [f for f in load_specs(cursor, utc_now()).fences if f.kind == "boundary"]
    zero = day_begins(legal_day(utc_now())).timestamp()
    return [((a - zero) / 86400, (b - zero) / 86400) for a, b in fence.exceptions]


def rows(course):
    with course.city.acting("王科"):
        return list(ClauseException.objects.order_by("starts_at"))


def test_an_approved_leave_opens_the_fence_in_the_act_itself(course):
    course.apply_for_leave(3)
    assert spans(course) == []
    with transaction.atomic():
        act = course.does("王科", "leave", "approve")
        assert spans(course) == [(0, 3)]  # 00:00 of the first to 24:00 of the last day, before the commit
        (row,) = rows(course)
        with course.city.acting("王科"):
            assert row.document_no == act.documents.get(kind="leave_notice").number
        assert (row.act_id, row.approved_by) == (act.id, course.city["王科"])
        transaction.set_rollback(True)
    assert (spans(course), rows(course)) == ([], [])


@pytest.mark.parametrize(
    ("officer", "outcome"), [("李所", BeyondPower), ("周外", NotFound), ("市科", BeyondPower)]
)
def test_a_refused_hand_opens_nothing(course, officer, outcome):
    course.apply_for_leave(3)
    with pytest.raises(outcome):
        course.does(officer, "leave", "approve")
    assert rows(course) == []


def test_the_city_opens_the_fence_of_a_long_leave(course):
    course.on_leave(31, in_days=1, by="市科")
    assert spans(course) == [(1, 32)]


def test_a_refusal_opens_nothing(course):
    course.apply_for_leave(3)
    course.does("王科", "leave", "refuse", reasons="未提供证明材料")
    assert rows(course) == []


def test_a_longer_leave_opens_the_further_days_by_a_second_decision(course):
    course.on_leave(3)
    back = legal_day(utc_now()) + 4 * DAY
    course.does("王科", "leave", "apply_longer", returns_on=back.isoformat(), longer_reason="住院延长")
    assert spans(course) == [(0, 3)]  # asked for is not granted
    course.does("王科", "leave", "approve")
    assert spans(course) == [(0, 3), (3, 5)]


def test_the_return_closes_the_fence_with_that_day(course):
    course.on_leave(5)
    course.does("王科", "leave", "confirm_return", returned_on=legal_day(utc_now()).isoformat())
    (row,) = rows(course)
    assert row.closed_at <= utc_now()
    ((first, last),) = spans(course) or [(0.0, 0.0)]
    assert first == 0
    assert last < 1


@pytest.mark.parametrize(
    ("officer", "step", "answers"),
    [
        ("张三", "cancel", {}),
        ("王科", "order_back", {"breach": "未到申请的目的地", "reasons": "查实"}),
    ],
)
def test_cancelled_or_called_back_the_fence_closes_at_once(course, officer, step, answers):
    course.on_leave(5, in_days=2)
    course.does(officer, "leave", step, **answers)
    assert spans(course) == []
    assert rows(course)[0].closed_at <= utc_now()


def test_a_fence_made_during_a_leave_is_open(desk):
    course = Course(desk.city, "张三")
    course.on_leave(4)
    measure = desk.told(desk.measure())
    clause = add_boundary_clause(desk["王科"], desk.city.orders["张三"])
    make_clause_known(desk["王科"], clause)
    compile_fences(desk["王科"], measure)
    assert spans(course) == [(0, 4)]


def test_frequent_activity_opens_for_six_months_and_closes_by_its_end(course):
    course.does("王科", "frequent", "apply", new=True, purpose="跨市送货", places="德州市", times="工作日",
                frequency="每周两次", proof="劳动合同")  # fmt: skip
    assert rows(course) == []
    with pytest.raises(BeyondPower):
        course.does("李所", "frequent", "approve")
    act = course.does("王科", "frequent", "approve")
    (row,) = rows(course)
    last = months_later(act.day, 6)
    assert row.starts_at == act.at
    assert day_begins(last) <= row.ends_at <= day_begins(last + DAY)
    course.does("王科", "frequent", "end", reasons="已经换工作")
    assert rows(course)[0].closed_at is not None
    assert spans(course)[0][1] < 1


def test_an_approved_entry_opens_the_place_named_and_no_other(course, desk):
    bans = [desk.ban(place=desk.place(name=name)) for name in ("示例歌舞厅", "示例酒吧")]
    today = legal_day(utc_now()).isoformat()
    course.does("王科", "prohibition", "apply", new=True, where="示例歌舞厅", purpose="随工程队装修",
                enters_on=today, leaves_on=today)  # fmt: skip
    course.does("王科", "prohibition", "approve")
    (row,) = rows(course)
    assert (row.clause_id, row.ends_at - row.starts_at) == (bans[0].id, DAY)
    course.does("王科", "prohibition", "report_back", went="上午进入，中午离开")
    assert rows(course)[0].closed_at is not None


def test_sql_of_the_app_role_lets_nobody_go(course, sql):
    """No act, another's act, a wider span, another kind of clause, a rewritten or early ended leave."""
    with course.city.acting("王科"):
        clause = course.city.orders["张三"].clauses.get()
    start = datetime.combine(legal_day(utc_now()), datetime.min.time(), SHANGHAI)
    who = course.city["王科"].id
    applied = course.apply_for_leave(3)
    for act in (None, applied.id):
        with pytest.raises(IntegrityError, match="没有批准外出"):
            sql(INSERT, uuid4(), clause.id, start, start + DAY, who, act, by="王科")
    granted = course.does("王科", "leave", "approve")
    wrong = {"start": start - DAY, "end": start + 4 * DAY, "who": course.city["郑局"].id}
    for key, value in wrong.items():
        given = {"start": start, "end": start + DAY, "who": who} | {key: value}
        with pytest.raises(IntegrityError, match="没有批准外出"):
            sql(INSERT, uuid4(), clause.id, given["start"], given["end"], given["who"], granted.id, by="王科")
    for change in ("ends_at = ends_at + interval '1 day'", "closed_at = now()",
                   f"closed_at = now(), closed_by_id = '{granted.id}'"):  # fmt: skip
        with pytest.raises(IntegrityError):
            sql(f"UPDATE monitoring_clauseexception SET {change}", by="王科")
    assert sql("UPDATE monitoring_clauseexception SET document_no = 'x'", by="周外") == 0
