"""Electronic positioning only as 社区矫正法29条 allows: tried through the service and past it, in SQL."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sifang.cases.models import Expectation
from sifang.kernel.errors import BeyondPower, NotFound
from sifang.kernel.time import SHANGHAI, legal_day, utc_now
from sifang.law.time import months_later
from sifang.ledger.models import LedgerPending
from sifang.monitoring.errors import NoSuchMoment, NotLawful
from sifang.monitoring.models import Binding, DeviceKind, Ground, Measure
from sifang.monitoring.services.devices import bind_device, unbind_device
from sifang.monitoring.services.measures import end_measure, extend_measure
from sifang.people.models import OrderType

INSERT = """
INSERT INTO monitoring_measure (id, person_id, order_id, ground, proof_id, extends_id, assessment,
                                approver_id, reasons, approved_at, ends_at, end_reason, act_id)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, '理由', %s, %s, '', %s)
"""

NEW_MODEL = "INSERT INTO monitoring_devicemodel VALUES (%s, '某厂', %s, %s, 'jt808', %s, %s, '{}')"
NEW_DEVICE = """
INSERT INTO monitoring_device (id, model_id, terminal_id, imei, iccid, carrier, county_code, registered_at)
VALUES (%s, %s, '139', '', '', '', '370102', now())
"""


@pytest.fixture
def insert(desk, sql):
    """Insert a measure past the service, as the app role in 郑局's context."""

    def run(person="张三", *, ground=2, proof=None, approver="郑局", extends=None, assessment="",
            start=None, end=None):  # fmt: skip
        start = start or utc_now()
        given = proof or desk.proof(person, Ground(ground))
        number = uuid4()
        order = desk.city.orders[person]
        act = desk.approval(given, person, approver, start)
        sql(INSERT, number, order.person_id, order.id, ground, given.id, extends, assessment,
            desk[approver].id, start, end or start + timedelta(days=30), act.id if act else None)  # fmt: skip
        return number

    return run


@pytest.mark.parametrize(
    ("officer", "outcome"),
    [
        ("郑局", None),
        ("王科", BeyondPower),  # the agency is not the head
        ("李所", BeyondPower),
        ("所长", NotFound),  # a head of an office sees nobody by that role
        ("市局长", BeyondPower),  # not of this county
        ("柳局", NotFound),
        ("周外", NotFound),
        ("吴离", NotFound),
        ("赵检", BeyondPower),
        ("孙警", NotFound),
        ("钱法", BeyondPower),  # sees whom its court sentenced, and who owns the power
        ("张三", BeyondPower),
    ],
)
def test_only_the_head_of_the_county_justice_bureau_approves(desk, insert, officer, outcome):
    proof = desk.proof()
    if outcome is None:
        assert desk.measure(proof=proof).approver == desk[officer]
        return
    with pytest.raises(outcome) as refusal:
        desk.measure(proof=proof, approver=officer)
    if outcome is BeyondPower:
        assert "社区矫正法29条" in str(refusal.value)
    with pytest.raises(IntegrityError, match="司法行政部门负责人"):
        insert(proof=proof, approver=officer)
    assert insert(proof=proof)


def test_nobody_approves_or_binds_in_anothers_name(desk, sql):
    proof, now = desk.proof(), utc_now()
    order, head = desk.city.orders["张三"], desk["郑局"]
    end = now + timedelta(days=9)
    act = desk.approval(proof, "张三", "郑局", now)
    row = [uuid4(), order.person_id, order.id, 2, proof.id, None, "", head.id, now, end, act.id]
    for other in ("王科", "李所", "冯班"):
        with pytest.raises(IntegrityError, match="本人名义"):
            sql(INSERT, *row, by=other)
    assert sql(INSERT, *row, by="郑局") == 1
    with desk.city.acting("王科"):
        measure = desk.told(Measure.objects.get())
    device = desk.device()
    bind = """INSERT INTO monitoring_binding (id, device_id, measure_id, bound_at, bound_by_id)
              VALUES (%s, %s, %s, %s, %s)"""
    with pytest.raises(IntegrityError, match="本人名义"):
        sql(bind, uuid4(), device.id, measure.id, utc_now(), desk["李所"].id, by="王科")
    assert sql(bind, uuid4(), device.id, measure.id, utc_now(), desk["李所"].id, by="李所") == 1


def test_the_head_whose_role_had_ended_does_not_approve(desk, insert):
    desk["郑局"].grants.update(
        valid_to=utc_now() + timedelta(minutes=1), valid_from=utc_now() - timedelta(minutes=1)
    )
    with pytest.raises(NotLawful, match="司法行政部门负责人"):
        desk.measure(approved_at=utc_now() - timedelta(days=1))
    assert insert()


def test_an_approval_is_recorded_and_numbered_and_expects_only_what_its_table_says(desk):
    measure = desk.measure()
    assert LedgerPending.objects.filter(kind="measure_approved").count() == 1
    with desk.city.acting("王科"):
        assert not Expectation.objects.filter(subject_kind="measure").exists()
        assert measure.number is not None
        assert measure.number < desk.measure("小陈").number


def test_a_ground_needs_a_proof_of_the_same_person_and_ground(desk, insert):
    other = desk.proof("小陈")
    with pytest.raises(NotLawful, match="证明"):
        desk.measure(proof=other)
    with pytest.raises(IntegrityError, match="证明"):
        insert(proof=other)
    with pytest.raises(IntegrityError, match="证明"):
        insert(ground=3, proof=desk.proof(ground=Ground.PENALISED))


@pytest.mark.parametrize(
    ("kind", "ban", "ground", "lawful"),
    [
        (OrderType.CONTROL, "禁止进入娱乐场所", 1, True),
        (OrderType.PROBATION, "禁止进入娱乐场所", 1, True),
        (OrderType.PROBATION, "", 1, False),
        (OrderType.PAROLE, "", 1, False),
        (OrderType.OUTSIDE_PRISON, "", 1, False),
        (OrderType.CONTROL, "", 4, True),
        (OrderType.PROBATION, "", 4, True),
        (OrderType.PAROLE, "", 4, False),
        (OrderType.OUTSIDE_PRISON, "", 4, True),
        (OrderType.CONTROL, "", 5, False),
        (OrderType.PROBATION, "", 5, True),
        (OrderType.PAROLE, "", 5, True),
        (OrderType.OUTSIDE_PRISON, "", 5, True),
        *[(kind, "", ground, True) for kind in OrderType for ground in (2, 3)],
    ],
)
def test_which_ground_exists_for_which_type(desk, insert, kind, ban, ground, lawful):  # noqa: PLR0917 (one table)
    desk.city.register("王科", desk.city.facts("戊某", "历下-2026-0555"),
                       desk.city.paper("戊某", type=kind, prohibition=ban))  # fmt: skip
    if lawful:
        assert desk.measure("戊某", ground=Ground(ground)).ground == ground
        return
    with pytest.raises(NotLawful, match="条"):
        desk.measure("戊某", ground=Ground(ground))
    with pytest.raises(IntegrityError, match="条"):
        insert("戊某", ground=ground)


def test_three_months_is_the_cap_and_the_default_stays_below(desk, insert):
    start = utc_now()
    cap = datetime.combine(months_later(legal_day(start), 3), start.astimezone(SHANGHAI).timetz())
    with pytest.raises(NotLawful, match="三个月"):
        desk.measure(approved_at=start, ends_at=cap + timedelta(seconds=1))
    with pytest.raises(IntegrityError, match="measure_three_months"):
        insert(start=start, end=cap + timedelta(seconds=1))
    assert desk.measure("小陈", approved_at=start, ends_at=cap).ends_at == cap
    assert desk.measure(approved_at=start).ends_at <= cap


def test_a_measure_does_not_outlast_the_order(desk, insert):
    today = legal_day(utc_now())
    desk.city.register("王科", desk.city.facts("戊某", "历下-2026-0555"),
                       desk.city.paper("戊某", term_end=today + timedelta(days=20)))  # fmt: skip
    after = datetime.combine(today + timedelta(days=21), datetime.min.time(), SHANGHAI)
    with pytest.raises(NotLawful, match="矫正期限"):
        desk.measure("戊某", ends_at=after + timedelta(seconds=1))
    with pytest.raises(IntegrityError, match="矫正期限"):
        insert("戊某", end=after + timedelta(seconds=1))
    assert desk.measure("戊某").ends_at == after


def test_measures_of_a_person_do_not_overlap(desk, insert):
    first = desk.measure()
    with pytest.raises(NotLawful, match="同一时间"):
        desk.measure(proof=desk.proof(ground=Ground.REFUSES_TO_REPORT))
    with pytest.raises(IntegrityError, match="measure_no_overlap"):
        insert(ground=3)
    end_measure(desk["王科"], first, reason="不再需要")
    assert insert(ground=3)


def test_an_extension_needs_assessment_and_follows_the_end(desk, insert):
    start = utc_now() - timedelta(days=40)
    old = desk.measure(approved_at=start, ends_at=start + timedelta(days=30))
    with pytest.raises(NotLawful, match="评估"):
        extend_measure(desk["郑局"], old, assessment=" ", reasons="仍需要")
    with pytest.raises(IntegrityError, match="评估"):
        insert(proof=old.proof, extends=old.id)
    with pytest.raises(NotLawful, match="届满"):
        extend_measure(
            desk["郑局"], old, assessment="甲", reasons="乙", approved_at=start + timedelta(days=29)
        )
    with pytest.raises(BeyondPower):
        extend_measure(desk["王科"], old, assessment="甲", reasons="乙")
    with pytest.raises(IntegrityError, match="proof_carries_one_measure"):
        insert(proof=old.proof)  # going on without saying so
    with pytest.raises(NotLawful, match="没有负责人批准使用的决定记录"):  # extended by acts: test_positioning
        extend_measure(desk["郑局"], old, assessment="仍有必要", reasons="本人仍拒绝报告")


@pytest.mark.parametrize(
    "change",
    [
        "ends_at = ends_at + interval '1 second'",
        "approver_id = (SELECT id FROM people_officer WHERE name = '王科')",
        "ground = 3",
        "approved_at = approved_at - interval '1 day'",
        "reasons = '另写'",
        "told_at = now()",
    ],
)
def test_an_approved_measure_is_not_rewritten(desk, sql, change):
    measure = desk.told(desk.measure())
    with pytest.raises(IntegrityError):
        sql(f"UPDATE monitoring_measure SET {change} WHERE id = %s", measure.id)
    assert (
        sql("UPDATE monitoring_measure SET ends_at = ends_at - interval '1 day' WHERE id = %s", measure.id)
        == 1
    )


def test_an_approval_does_not_lie_ahead(desk):
    with pytest.raises(NoSuchMoment):
        desk.measure(approved_at=utc_now() + timedelta(minutes=5))


def test_a_measure_is_never_deleted(desk, sql):
    desk.measure()
    assert sql("DELETE FROM monitoring_measure") == 0  # no policy lets anybody delete


@pytest.fixture
def long_order(desk):
    """戊某 under control since 2023 until 2027, 郑局 in office all the time, one proof."""
    paper = desk.city.paper(
        "戊某", document_date=date(2022, 12, 1), effective_on=date(2023, 1, 1), term_start=date(2023, 1, 1),
        term_end=date(2027, 6, 30),
    )  # fmt: skip
    desk.city.register("王科", desk.city.facts("戊某", "历下-2026-0555"), paper)
    desk["郑局"].grants.update(valid_from=datetime(2022, 1, 1, tzinfo=UTC))
    return desk.proof("戊某")


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seconds=st.integers(1_672_600_000, 1_793_000_000),
    length=st.timedeltas(timedelta(days=85), timedelta(days=95)),
)
def test_no_measure_exceeds_three_calendar_months_from_any_day(desk, insert, long_order, seconds, length):
    start = datetime.fromtimestamp(seconds, UTC)
    here = start.astimezone(SHANGHAI)
    latest = datetime.combine(months_later(here.date(), 3), here.timetz())
    with transaction.atomic():
        if start + length <= latest:
            assert insert("戊某", proof=long_order, start=start, end=start + length)
        else:
            with pytest.raises(IntegrityError, match="measure_three_months"):
                insert("戊某", proof=long_order, start=start, end=start + length)
        transaction.set_rollback(True)
    with transaction.atomic():
        assert desk.measure("戊某", proof=long_order, approved_at=start).ends_at <= latest  # the default
        transaction.set_rollback(True)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spans=st.lists(st.tuples(st.integers(0, 80), st.integers(1, 40)), min_size=2, max_size=4))
def test_no_two_live_measures_of_a_person_overlap(desk, insert, sql, spans):
    base = utc_now() - timedelta(days=110)
    for begin, length in spans:
        start = base + timedelta(days=begin)
        try:
            insert(start=start, end=start + timedelta(days=length))
        except IntegrityError:
            continue
    with desk.city.acting("王科"):
        kept = sorted(Measure.objects.values_list("approved_at", "ends_at"))
    assert kept
    assert all(a[1] <= b[0] for a, b in pairwise(kept))


# devices


def test_a_phone_cannot_be_bound_by_service_nor_by_sql(desk, sql):
    measure = desk.told(desk.measure())
    with pytest.raises(NotLawful, match="移动电话不得作为电子定位装置"):
        desk.model(DeviceKind.PHONE)
    model, device, binding = uuid4(), uuid4(), uuid4()
    sql(NEW_MODEL, model, "某手机", "phone", "检1", "2026-01-01")
    sql(NEW_DEVICE, device, model)
    bind = ("INSERT INTO monitoring_binding (id, device_id, measure_id, bound_at, bound_by_id) "
            "VALUES (%s, %s, %s, now(), %s)")  # fmt: skip
    with pytest.raises(IntegrityError, match="移动电话不得作为电子定位装置"):
        sql(bind, binding, device, measure.id, desk["王科"].id)
    worn = desk.worn(measure)
    for change in ("kind = 'phone'", "test_report_no = ''", "tested_on = NULL"):
        with pytest.raises(IntegrityError):
            sql(f"UPDATE monitoring_devicemodel SET {change} WHERE id = %s", worn.model_id)
    with pytest.raises(IntegrityError):
        sql("UPDATE monitoring_device SET model_id = %s WHERE id = %s", model, worn.id)


def test_a_model_without_test_report_is_not_worn(desk, sql):
    measure = desk.told(desk.measure())
    with pytest.raises(NotLawful, match="检测报告"):
        desk.model(test_report_no="")
    model = uuid4()
    sql(NEW_MODEL, model, "X", "anklet", "", None)
    untested = desk.device(type(desk.model()).objects.get(id=model))
    with pytest.raises(NotLawful, match="检测报告"):
        bind_device(desk["王科"], measure, untested)


def test_a_device_is_worn_by_one_person_and_a_person_wears_one(desk):
    first, second = desk.told(desk.measure()), desk.told(desk.measure("小陈"))
    device = desk.worn(first)
    with pytest.raises(NotLawful, match="他人佩戴"):
        bind_device(desk["王科"], second, device)
    with pytest.raises(NotLawful, match="已佩戴一台"):
        desk.worn(first)
    with desk.city.acting("王科"):
        binding = Binding.objects.get(device=device)
    unbind_device(desk["李所"], binding)
    assert desk.worn(second, device)


def test_no_device_before_the_person_was_told_nor_after_the_end(desk):
    measure = desk.measure()
    with pytest.raises(NotLawful, match="书面告知"):
        desk.worn(measure)
    desk.told(measure)
    desk.worn(measure)
    end_measure(desk["王科"], measure, reason="不再需要")
    with desk.city.acting("王科"):
        assert Binding.objects.get(measure=measure).unbound_at is not None
    with pytest.raises(NotLawful, match="没有生效"):
        desk.worn(measure)


@pytest.mark.parametrize(
    ("officer", "outcome"), [("赵检", BeyondPower), ("周外", NotFound), ("吴离", NotFound)]
)
def test_who_may_not_bind(desk, officer, outcome):
    measure, device = desk.told(desk.measure()), desk.device()
    with pytest.raises(outcome):
        bind_device(desk[officer], measure, device)
    assert bind_device(desk["李所"], measure, device)
