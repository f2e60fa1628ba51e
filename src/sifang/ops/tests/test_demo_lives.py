"""The lives of the demonstration: lawful by the tables, at the right desks, and they go on from here."""

import random

import pytest
from django.db import connections

from sifang.cases.actors import desk_of
from sifang.cases.acts import Wish, take
from sifang.cases.clock import reconcile
from sifang.cases.models import Act, Case, Dispatch, Expectation, Proceeding, Stage
from sifang.cases.outbox import confirm
from sifang.kernel.errors import BeyondPower, NotFound
from sifang.kernel.time import legal_day, utc_now
from sifang.law.procedure import Actor
from sifang.law.procedures import edition
from sifang.ops.demo import seed
from sifang.ops.demo.agencies import make_organs
from sifang.ops.demo.persons import in_the_year, take_over
from sifang.people.access import Purpose, acting, system
from sifang.people.models import Delegation, Officer, Order

PERSONS = 60
EVERY = ["default", "owner", "watch", "reader", "jobs"]
pytestmark = pytest.mark.django_db(transaction=True, databases=EVERY)


@pytest.fixture
def city(tmp_path):
    """A small city without devices; `default` is the owner's connection while it is filled."""
    before = connections["default"]
    connections["default"] = connections["owner"]
    try:
        yield seed(persons=PERSONS, tracked=1, sim_file=tmp_path / "sim.json", say=lambda _: None)
    finally:
        connections["default"] = before


def test_lives_are_lawful_complete_and_at_the_right_desks(city):
    with system("migration", continues=True):
        _everybody_stands_somewhere()
        _acts_are_by_their_rows()
        _desks_are_those_of_the_services()
        _demonstration_officers_have_something_to_do()
        _delegations_are_written()


def _everybody_stands_somewhere():
    assert Case.objects.count() == in_the_year(PERSONS)
    assert Case.objects.exclude(stage=Stage.ENDED).count() == PERSONS
    assert Case.objects.filter(stage=Stage.HANDOVER).exists()
    for case in Case.objects.select_related("order"):
        assert (case.order.received_on is None) == (case.stage == Stage.HANDOVER)
        assert (case.closed_at is None) == (case.order.ended_at is None) == (case.stage != Stage.ENDED)
        assert not Proceeding.objects.filter(case=case, closed_at=None, outlives=False).exists() or (
            case.stage != Stage.ENDED
        )
    assert set(Order.objects.values_list("type", flat=True)) >= {"probation", "outside_prison"}


def _acts_are_by_their_rows():
    before = {}
    for act in Act.objects.select_related("officer", "proceeding").order_by("at", "id"):
        procedure = edition(act.procedure, act.day)
        row = procedure.steps[act.row]
        assert (row.name, row.actor.value, row.article) == (act.step, act.actor, act.article)
        assert act.edition_digest == procedure.digest()
        assert act.day == legal_day(act.at) <= legal_day(utc_now())
        assert act.state_before == before.get(act.proceeding_id, procedure.start)
        assert row.is_open(act.facts | act.answers), (act.procedure, act.step)
        assert {ask.key for ask in row.asks if ask.required} <= act.answers.keys(), (act.procedure, act.step)
        assert bool(act.reasons) >= row.reasons
        assert (act.officer is None) == (row.actor is Actor.CLOCK)
        before[act.proceeding_id] = act.state_after
    states = dict(Proceeding.objects.values_list("id", "state"))
    assert all(states[key] == state for key, state in before.items())


def _desks_are_those_of_the_services():
    rows = Expectation.objects.filter(subject_kind="proceeding", closed_at=None)
    rows = rows.select_related(
        "case__person__county_agency__parent", "case__person__office", "case__order__decided_by"
    )
    for one in rows.select_related("proceeding__other_agency"):
        assert one.owner == desk_of(Actor(one.actor), one.case, one.proceeding), one.kind


def _demonstration_officers_have_something_to_do():
    now = utc_now()
    for username in ("lisuo", "wangke", "zhaojian", "sunjing", "qianfa", "shiju", "jianyu"):
        own = Expectation.objects.filter(owner__officers__username=username, closed_at=None)
        assert own.exists(), username
    heads = Expectation.objects.filter(kind="positioning.approve", owner__name="历下区司法局")
    assert heads.filter(due_at__lt=now).count() == 1
    assert heads.filter(due_at__gte=now).count() == 2
    kinds = set(Expectation.objects.filter(owner__name="趵突泉司法所").values_list("kind", flat=True))
    assert {"leave.approve", "move.comment", "receipt"} <= kinds
    shanghe = Expectation.objects.filter(owner__name="商河县司法局")
    assert shanghe.filter(kind__in=["move.agree", "move.decline"]).exists()


def _delegations_are_written():
    assert Delegation.objects.filter(office__name="趵突泉司法所").count() == 6
    assert not Delegation.objects.filter(office__name="姚家司法所").exists()


def test_courses_go_on_through_the_services(city):
    """An application waiting at 趵突泉 is decided there, by nobody else; a receipt closes what was opened."""
    with system("migration", continues=True):
        found = Expectation.objects.filter(kind="leave.approve", actor="司法所", closed_at=None)
        waiting = found.select_related("case").latest("due_at")
    officers = {name: Officer.objects.get(username=name) for name in ("lisuo", "wangke", "zhouwai")}
    connections["default"] = connections.create_connection("default")
    try:
        wish = Wish("leave", "approve", proceeding=waiting.proceeding_id)
        with pytest.raises(BeyondPower, match="司法所"):
            take(officers["wangke"], waiting.case_id, wish)
        with pytest.raises(NotFound):
            take(officers["zhouwai"], waiting.case_id, wish)
        act = take(officers["lisuo"], waiting.case_id, wish)
        assert act.state_after == "granted"
        with acting(officers["wangke"], Purpose.DAILY):
            sent = Dispatch.objects.get(act=act, to_actor="县级社区矫正机构")
        assert confirm(officers["wangke"], sent.id).state == "accepted"
    finally:
        connections["default"].close()
    connections["default"] = connections["jobs"]
    assert reconcile(utc_now()).is_empty


def test_a_register_without_courses_is_what_loads_and_faults_need():
    before = connections["default"]
    connections["default"] = connections["owner"]
    try:
        with system("migration", continues=True):
            organs = make_organs(utc_now())
            made = take_over(organs, legal_day(utc_now()), 40, 40, random.Random(1))
            assert Case.objects.filter(stage=Stage.SUPERVISED).count() == len(made) == 40
            assert not Order.objects.filter(received_on=None).exists()
    finally:
        connections["default"] = before
