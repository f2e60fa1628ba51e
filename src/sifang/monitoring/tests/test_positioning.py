"""A positioning measure by its acts: ground, approval, notice, device, review, end; none without (E2, E3)."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection

from sifang.cases.clock import reconcile, run_clock
from sifang.cases.errors import BadAnswers
from sifang.cases.models import Act, Case, Expectation
from sifang.kernel.errors import BeyondPower, NotFound
from sifang.kernel.time import legal_day, utc_now
from sifang.law.time import day_begins, months_later
from sifang.ledger.models import LedgerPending
from sifang.monitoring.errors import NotLawful
from sifang.monitoring.models import Binding, Clause, DeviceKind, Ground, Measure, Proof
from sifang.monitoring.specs import load_specs
from sifang.monitoring.tests.conftest import as_role
from sifang.monitoring.tests.lawful import Course
from sifang.people.access import Purpose, acting, system

DAY = timedelta(days=1)
NECESSARY = {"necessity": "电话核实无效", "effect": "夜间不查看"}
DEVICE = {"device_record": "W1，检测报告在卷"}


@pytest.fixture
def course(desk):
    return Course(desk.city, "张三")


def applied(course, *, months="3", at=None, established=True):
    """A warning is registered, the ground named, the application made."""
    given = {"at": at} if at else {}
    record = course.does(
        "王科", "stop_breach", "register_warning" if established else "note_breach", new=True, **given,
        **({"decision_no": "历下司矫警〔2026〕3号", "decided_by": "历下区司法局",
            "decision_on": (legal_day(utc_now()) - 20 * DAY).isoformat(), "facts_found": "两次拒不报告"}
           if established else {"kind": "absence", "noted": "群众反映", "seen_on": "2026-11-01"}),
    )  # fmt: skip
    course.does("王科", "positioning", "ground_report_refusal", new=True, proof=str(record.id), **given)
    return course.does("王科", "positioning", "apply", months=months, **NECESSARY, **given)


def approved(course, **facts):
    at = facts.get("at")
    applied(course, **facts)
    return course.does("郑局", "positioning", "approve", reasons="确有必要", **({"at": at} if at else {}))


def in_use(course, desk, **facts):
    approved(course, **facts)
    given = {"at": facts["at"]} if "at" in facts else {}
    course.does("王科", "positioning", "tell", explained="三个月，可以申诉", **given)
    device = desk.device()
    course.does("王科", "positioning", "fit", device=device.terminal_id, **DEVICE, **given)
    return device


def measure_of(course):
    with course.city.acting("王科"):
        return Measure.objects.select_related("proof").get()


def told_to_the_watch(course, by="王科"):
    with acting(course.city[by], Purpose.MEASURE), connection.cursor() as cursor:
        return load_specs(cursor, utc_now())


def test_the_head_approves_and_the_measure_is_there_with_all_its_act_says(course):
    act = approved(course, months="2")
    measure = measure_of(course)
    assert (measure.act_id, measure.approved_at, measure.approver_id) == (act.id, act.at, act.officer_id)
    assert measure.ends_at == day_begins(months_later(act.day, 2))  # the last day is the one before, to 24:00
    assert (measure.ground, measure.proof.document_no) == (Ground.REFUSES_TO_REPORT, "历下司矫警〔2026〕3号")
    assert measure.proof.summary == "两次拒不报告"
    with course.city.acting("王科"):
        assert Clause.objects.get().area_code == "370100"
        kinds = set(
            Expectation.objects.filter(case=act.case_id, closed_at=None).values_list("kind", flat=True)
        )
    assert "positioning.tell" in kinds
    assert not kinds & {"measure_told", "measure_review"}  # one duty is asked once
    assert told_to_the_watch(course).measures == []  # nothing is collected before the person knows


def test_the_term_is_never_longer_than_the_order(desk):
    city = desk.city
    last = legal_day(utc_now()) + 20 * DAY
    city.register("王科", city.facts("戊某", "历下-2026-0555"), city.paper("戊某", term_end=last))
    approved(Course(city, "戊某"), months="3")
    assert measure_of(Course(city, "戊某")).ends_at == day_begins(last + DAY)


@pytest.mark.parametrize(
    ("officer", "outcome"),
    [("王科", BeyondPower), ("李所", BeyondPower), ("市局长", BeyondPower), ("周外", NotFound),
     ("赵检", BeyondPower), ("柳局", NotFound)],
)  # fmt: skip
def test_nobody_else_approves(course, officer, outcome):
    applied(course)
    with pytest.raises(outcome) as refusal:
        course.does(officer, "positioning", "approve", reasons="确有必要")
    if outcome is BeyondPower:
        assert "社区矫正法29条" in str(refusal.value)
    with course.city.acting("王科"):
        assert not Measure.objects.exists()


def test_a_refusal_makes_no_measure(course):
    applied(course)
    course.does("郑局", "positioning", "refuse", reasons="较轻的方式足够")
    with course.city.acting("王科"):
        assert not Measure.objects.exists()
        assert not Proof.objects.exists()


def test_a_record_that_was_not_established_proves_nothing(course):
    with pytest.raises(Exception, match="记录"):
        approved(course, established=False)
    with course.city.acting("王科"):
        assert not Measure.objects.exists()


def test_a_record_carries_one_measure_and_going_on_is_an_extension(course):
    record = str(approved(course).after["proof"])
    course.does("王科", "positioning", "end", why_ended="已配合报告")
    course.does("王科", "positioning", "remove", removed_note="未佩戴")
    course.does("王科", "positioning", "ground_report_refusal", new=True, proof=record)
    course.does("王科", "positioning", "apply", months="1", **NECESSARY)
    with pytest.raises(NotLawful, match="该证明已用于一项措施"):
        course.does("郑局", "positioning", "approve", reasons="确有必要")


def test_told_and_fitted_it_is_collected_reviewed_and_ended_by_acts(course, desk):
    device = in_use(course, desk)
    specs = told_to_the_watch(course)
    measure = measure_of(course)
    assert [m.number for m in specs.measures] == [measure.number]
    assert [f.kind for f in specs.fences] == ["boundary"]
    assert [d.measure for d in specs.devices if d.terminal_id == device.terminal_id] == [measure.number]
    course.does("王科", "positioning", "review", still_needed="仍不报告", reasons="仍不报告")
    course.does("王科", "positioning", "end", why_ended="已按规定报告")
    with course.city.acting("王科"):
        measure.refresh_from_db()
        assert (measure.end_reason, Binding.objects.get().unbound_at) == ("已按规定报告", measure.ended_at)
    assert told_to_the_watch(course).measures == []
    assert LedgerPending.objects.filter(kind="measure_ended").count() == 1
    course.does("王科", "positioning", "remove", removed_note="已收回")


def test_nothing_is_worn_before_the_person_was_told(course, desk):
    approved(course)
    with pytest.raises(Exception, match="告知"):
        course.does("王科", "positioning", "fit", device=desk.device().terminal_id, **DEVICE)


def test_a_device_is_chosen_by_its_number_and_no_other_thing_is_worn(course, desk):
    approved(course)
    course.does("王科", "positioning", "tell", explained="三个月")
    taken = desk.worn(desk.told(desk.measure("小陈")))
    phone = desk.device()
    with connection.cursor() as cursor:  # a phone cannot be registered; an old row might be one
        model = uuid4()
        cursor.execute("INSERT INTO monitoring_devicemodel VALUES (%s, '某厂', 'P', %s, 'jt808', '检1',"
                       " '2026-01-01', '{}')", [model, DeviceKind.PHONE.value])  # fmt: skip
        cursor.execute(
            "INSERT INTO monitoring_device (id, model_id, terminal_id, imei, iccid, carrier, county_code,"
            " registered_at) VALUES (%s, %s, '13900000000', '', '', '', '370102', now())", [uuid4(), model],
        )  # fmt: skip
    with pytest.raises(BadAnswers, match="没有登记编号为 777 的装置") as refusal:
        course.does("王科", "positioning", "fit", device="777", **DEVICE)
    assert set(refusal.value.data["errors"]) == {"device"}
    for number, words in ((taken.terminal_id, "他人佩戴"), ("13900000000", "移动电话不得作为电子定位装置")):
        with pytest.raises(NotLawful, match=words):
            course.does("王科", "positioning", "fit", device=number, **DEVICE)
    with course.city.acting("王科"):
        assert not Binding.objects.filter(measure__act__case=course.city.cases["张三"]).exists()
    course.does("王科", "positioning", "fit", device=f"0{phone.terminal_id}", **DEVICE)
    other = desk.device()
    course.does("王科", "positioning", "replace_device", device=other.terminal_id, why_replaced="腕带磨损",
                **DEVICE)  # fmt: skip
    with course.city.acting("王科"):
        worn = Binding.objects.get(unbound_at=None, measure__act__case=course.city.cases["张三"])
    assert worn.device_id == other.id


def test_sql_of_the_app_role_makes_no_measure(course, desk, sql):
    """Even the head's own hand needs the act: none, the application, a longer term, another ground."""
    insert = """INSERT INTO monitoring_measure (id, person_id, order_id, ground, proof_id, assessment,
                  approver_id, reasons, approved_at, ends_at, end_reason, act_id)
                VALUES (%s, %s, %s, %s, %s, '', %s, '理由', %s, %s, '', %s)"""
    order, head = desk.city.orders["张三"], desk["郑局"].id
    loose = desk.proof(ground=Ground.LEFT_WITHOUT_APPROVAL)
    apply = applied(course, months="1")

    def tries(proof, ground, act, at, days=20):
        sql(insert, uuid4(), order.person_id, order.id, ground, proof.id, head, at, at + days * DAY, act)

    for act in (None, apply.id):
        with pytest.raises(IntegrityError, match="没有负责人批准使用的决定记录"):
            tries(loose, 2, act, apply.at)
    granted = course.does("郑局", "positioning", "approve", reasons="确有必要")
    measure = measure_of(course)
    course.does("王科", "positioning", "end", why_ended="不再需要")
    with pytest.raises(IntegrityError, match="没有负责人批准使用的决定记录"):
        tries(loose, 2, granted.id, utc_now())
    with pytest.raises(IntegrityError, match="使用期限不得超过批准的期限"):
        tries(measure.proof, 3, granted.id, granted.at, 40)
    with pytest.raises(IntegrityError, match="查实或者登记的记录"):
        tries(loose, 2, granted.id, granted.at)
    with pytest.raises(IntegrityError):
        sql("UPDATE monitoring_measure SET act_id = NULL")


@pytest.mark.django_db(transaction=True, databases="__all__")
def test_at_its_last_instant_collection_stops_and_the_clock_says_so(course, desk):
    """Simulated: an approval a month ago. An extension is a new decision after an assessment; E2, E3."""
    at = utc_now() - 33 * DAY
    with system("migration", using="owner"):  # the course is older than the approval
        Case.objects.using("owner").update(opened_at=at - DAY)
    in_use(course, desk, months="1", at=at)
    first = measure_of(course)
    assert told_to_the_watch(course).measures == []  # before any job has run
    with as_role("jobs"):
        assert run_clock(utc_now()) >= 1
    with course.city.acting("王科"):
        first.refresh_from_db()
        expired = Act.objects.get(procedure="positioning", step="expire")
        assert expired.at == first.ends_at == first.ended_at  # the clock of acts and the measure agree
        assert Binding.objects.get().unbound_at == first.ends_at
        assert set(Expectation.objects.filter(closed_at=None, proceeding=expired.proceeding_id)
                   .values_list("kind", flat=True)) == {"positioning.remove"}  # fmt: skip
    course.does("王科", "positioning", "apply_longer", assessment="届满后仍拒绝报告", still_needed="是",
                months="1", **NECESSARY)  # fmt: skip
    with pytest.raises(BeyondPower, match="负责人"):
        course.does("王科", "positioning", "extend", reasons="是")
    longer = course.does("郑局", "positioning", "extend", reasons="确有必要")
    with course.city.acting("王科"):
        second = Measure.objects.get(extends=first)
    assert (second.act_id, second.approved_at, second.told_at) == (longer.id, longer.at, None)
    assert second.assessment == "届满后仍拒绝报告"
    course.does("王科", "positioning", "tell", explained="又一个月")
    with as_role("jobs"):
        assert reconcile(utc_now(), cases=[course.city.cases["张三"].id]).is_empty
    assert [m.number for m in told_to_the_watch(course).measures] == [second.number]
