"""What an officer's context could still do with SQL, tried: the database refuses each (E2, E3, E16)."""

from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.db import IntegrityError

from sifang.kernel.time import legal_day, utc_now
from sifang.ledger.models import LedgerPending
from sifang.monitoring.models import Alarm, AlarmCause, AlarmKind, AlarmOutcome, Clause, Fence
from sifang.monitoring.services.alarms import Situation, raise_alarm
from sifang.monitoring.services.clauses import compile_fences
from sifang.monitoring.services.handling import close_alarm, handle_alarm, take_alarm
from sifang.monitoring.services.incidents import close_incident, open_incident
from sifang.monitoring.tests.conftest import as_role
from sifang.monitoring.tests.lawful import Course
from sifang.monitoring.tests.test_measures import INSERT
from sifang.people.access import system

FENCE = """
INSERT INTO monitoring_fence (id, measure_id, clause_id, name, keeps, alarm, line_id, geometry, timetable,
                              source, source_date, boundary_m)
SELECT %s, %s, id, '围栏', 'outside', true, NULL, {place}, {hours}, place_source, place_source_date, {error}
FROM monitoring_clause WHERE id = %s
"""
everywhere = pytest.mark.django_db(transaction=True, databases=["default", "watch"])


def row_of(desk, start, person="张三"):
    proof, order = desk.proof(person), desk.city.orders[person]
    act = desk.approval(proof, person, "郑局", start)
    return [uuid4(), order.person_id, order.id, 2, proof.id, None, "", desk["郑局"].id, start,
            start + timedelta(days=9), act.id if act else None]  # fmt: skip


def test_no_measure_is_approved_ahead(desk, sql):
    with pytest.raises(IntegrityError, match="将来"):
        sql(INSERT, *row_of(desk, utc_now() + timedelta(minutes=5)))
    assert sql(INSERT, *row_of(desk, utc_now())) == 1


def test_who_was_the_head_cannot_approve_for_that_time(desk, sql):
    past = utc_now() - timedelta(days=3)
    row = row_of(desk, past)
    desk["郑局"].grants.update(valid_to=utc_now() - timedelta(days=1), role="justice_head")
    desk["郑局"].grants.create(role="county_officer", valid_from=past)
    with pytest.raises(IntegrityError, match="现任"):
        sql(INSERT, *row)
    desk["郑局"].grants.update(valid_to=None)
    assert sql(INSERT, *row) == 1


@pytest.mark.parametrize("told", [timedelta(hours=-1), timedelta(hours=1)])
def test_the_notice_comes_after_the_approval_and_not_ahead(desk, sql, told):
    measure = desk.measure()
    query = "UPDATE monitoring_measure SET told_at = %s WHERE id = %s"
    with pytest.raises(IntegrityError, match="告知"):
        sql(query, measure.approved_at + told, measure.id, by="王科")
    assert sql(query, measure.approved_at, measure.id, by="王科") == 1


@pytest.mark.parametrize(
    "change",
    [
        {"place": """replace(place::text, '117', '116')::jsonb"""},
        {"hours": "repeat('1', 168)"},
        {"error": "0.5"},
    ],
)
def test_a_fence_lies_where_its_clause_says(desk, sql, change):
    measure, clause = desk.measure(), desk.ban()
    given = {"place": "place", "hours": "timetable", "error": "place_boundary_m"}
    with pytest.raises(IntegrityError, match="一致"):
        sql(FENCE.format(**given | change), uuid4(), measure.id, clause.id, by="王科")
    assert sql(FENCE.format(**given), uuid4(), measure.id, clause.id, by="王科") == 1


@pytest.fixture
def asked(desk):
    """An alarm about 张三's boundary, raised by the watch."""
    measure = desk.fenced()
    with desk.city.acting("王科"):
        fence = Fence.objects.get(measure=measure)
    episode = int((utc_now() - timedelta(seconds=120)).timestamp())
    situation = Situation(measure.number, AlarmKind.BOUNDARY_LEFT, episode, fence=fence.number)
    with as_role("watch"), system("watch"):
        alarm = raise_alarm(situation)
    return SimpleNamespace(alarm=alarm, measure=measure, fence=fence, desk=desk, situation=situation)


@everywhere
@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("taken_by_id = (SELECT id FROM people_officer WHERE name = '王科')", "本人名义"),
        ("state = 'taken'", "办理记录"),
        ("state = 'handled'", "办理记录"),
        (
            "state = 'closed', cause = 'position_error', outcome = 'technical', closed_at = now()",
            "办理记录",
        ),
    ],
)
def test_an_alarm_is_not_answered_without_an_act_in_the_own_name(asked, sql, change, why):
    with pytest.raises(IntegrityError, match=why):
        sql(f"UPDATE monitoring_alarm SET {change}", by="冯班")


@everywhere
@pytest.mark.parametrize("change", ["closed_at = now()", "taken_by_id = NULL", "paused_until = now()"])
def test_a_closed_alarm_stays_as_it_is(asked, sql, change):
    duty, number = asked.desk["冯班"], asked.alarm.id
    take_alarm(duty, number)
    handle_alarm(duty, number, outcome=AlarmOutcome.APPROVED, cause=AlarmCause.LEAVE_NOT_ENTERED, text="准假")
    close_alarm(duty, number)
    with pytest.raises(IntegrityError, match="已关闭"):
        sql(f"UPDATE monitoring_alarm SET {change}", by="冯班")
    assert sql("UPDATE monitoring_alarm SET ended_at = now()", by="冯班") == 1


@everywhere
@pytest.mark.parametrize("what", ["fence", "clause", "measure"])
def test_no_alarm_about_what_has_ended(asked, sql, what):
    """The watch asks nothing, and where it did, the database would refuse."""
    earlier = utc_now() - timedelta(seconds=200)
    query = {
        "fence": "UPDATE monitoring_fence SET closed_at = %s",
        "clause": "UPDATE monitoring_clause SET valid_to = %s",
        "measure": "UPDATE monitoring_measure SET ended_at = %s, end_reason = '不再需要'",
    }[what]
    by = "王科"
    assert sql(query, earlier, by=by) == 1
    late = Situation(
        asked.measure.number, AlarmKind.BOUNDARY_LEFT, asked.situation.episode + 60, fence=asked.fence.number
    )
    with as_role("watch"), system("watch"):
        assert raise_alarm(late) is None
        found = Alarm.objects.get()
        found.pk, found.number, found.episode, found._state.adding = uuid4(), "A-0", late.episode, True
        with pytest.raises(IntegrityError, match="不在期限内" if what == "measure" else "已经终止"):
            found.save(force_insert=True)


@everywhere
def test_an_alarm_that_an_incident_closes_leaves_its_row_in_the_ledger(desk):
    measure = desk.fenced()
    episode = int((utc_now() - timedelta(seconds=120)).timestamp())
    with as_role("watch"), system("watch"):
        alarm = raise_alarm(Situation(measure.number, AlarmKind.SILENT, episode))
        incident = open_incident("carrier", "某运营商网络", carrier="示例", measures=[measure.number])
        Alarm.objects.filter(id=alarm.id).update(ended_at=utc_now())
        close_incident(incident)
        assert Alarm.objects.get(id=alarm.id).state == "closed"
    closed = LedgerPending.objects.filter(kind="alarm_closed")
    assert [str(alarm.id) in bytes(row.record).decode() for row in closed] == [True]


def test_an_order_does_not_end_while_its_measure_goes_on(desk, sql):
    measure = desk.fenced()
    compile_fences(desk["王科"], measure)
    end = "UPDATE people_order SET ended_at = now() WHERE id = %s"
    for outsider in ("赵检", "李所", "周外"):
        assert sql(end, measure.order_id, by=outsider) == 0
    with pytest.raises(IntegrityError, match="只随解除、终止的行为结束"):
        sql(end, measure.order_id, by="王科")
    today = legal_day(utc_now()).isoformat()
    Course(desk.city, "张三").does("王科", "ending", "revoke", document_no="刑更1号", document_on=today)
    with desk.city.acting("王科"):
        measure.refresh_from_db()
        assert measure.ended_at is not None
        assert not Clause.objects.filter(order=measure.order, valid_to=None).exists()
