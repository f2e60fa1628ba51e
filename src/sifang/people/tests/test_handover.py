"""From the judgment to reception: who decided enters, the county receives, nobody else (E1, P-HO, P-IN)."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import transaction
from django.db.utils import DatabaseError, IntegrityError

from sifang.kernel.errors import BeyondPower, NotFound
from sifang.kernel.time import legal_day, utc_now
from sifang.law.terms import MissingFact, Sentence, TermFacts
from sifang.law.time import day_begins
from sifang.ledger.models import LedgerPending
from sifang.people.errors import NotReceivable, TermMismatch
from sifang.people.models import Order, Person, Share, ShareMatter, TermResolution
from sifang.people.purposes import Purpose
from sifang.people.rules import facts_from_json, facts_json
from sifang.people.services import (
    complete_papers,
    correct_judgment,
    end_order,
    number_person,
    receive_order,
    register_judgment,
    register_person,
    share,
)

START = date(2026, 6, 1)
END = date(2027, 5, 31)  # one year of probation: the day before the same number


def paper(city, name="林乙", **changes):
    facts = {
        "document_date": START - timedelta(days=12),
        "effective_on": START,
        "term_start": START,
        "term_end": END,
        "term_facts": TermFacts(starts_on=START, length=Sentence(years=1), sentence=Sentence(months=8)),
    }
    return city.paper(name, **(facts | changes))


def entered(city, by="钱法", **changes):
    with city.acting(by, Purpose.RECEPTION):
        return register_judgment(city[by], city.facts("林乙", ""), paper(city, **changes))


def received(city, order, by="王科", **more):
    with city.acting(by, Purpose.RECEPTION):
        return receive_order(city[by], Order.objects.get(id=order.id), **more)


def test_the_court_enters_and_the_county_receives(city):
    order = entered(city)
    assert order.received_on is None
    assert order.person.number == f"鲁0102-{legal_day(utc_now()).year}-交0001"
    assert order.person.office is None
    with city.acting("钱法"):
        assert Order.objects.get(id=order.id).entered_by == city["钱法"].agency
    with city.acting("周外"):
        assert not Person.objects.filter(id=order.person_id).exists()
    day = legal_day(utc_now())
    assert received(city, order).received_on == day
    with city.acting("王科"):
        person = number_person(
            city["王科"], Person.objects.get(id=order.person_id), office=city.agencies["趵突泉司法所"]
        )
    assert person.number == f"历下-{day.year}-0001"
    with city.acting("李所"):
        assert Person.objects.filter(id=person.id).exists()
    for kind in ("judgment_entered", "order_received", "person_numbered"):
        assert LedgerPending.objects.filter(kind=kind).count() == 1


def test_each_hand_over_gets_its_own_number_and_the_county_skips_what_is_taken(city):
    first, second = entered(city), entered(city)
    assert second.person.number.endswith("-交0002")
    year = legal_day(utc_now()).year
    with city.acting("王科"):
        number_person(city["王科"], first.person, number=f"历下-{year}-0001")
        assert number_person(city["王科"], second.person).number == f"历下-{year}-0002"


@pytest.mark.parametrize("officer", ["王科", "李所", "赵检", "周外", "米书", "孙警"])
def test_only_the_body_that_decided_enters(city, officer):
    with pytest.raises(BeyondPower):
        entered(city, officer)
    with pytest.raises(NotFound):
        entered(city, "吴离")


def test_a_body_enters_what_it_decided_itself(city):
    with pytest.raises(BeyondPower, match="社区矫正法20条"):
        entered(city, decided_by=city.agencies["济南市公安局"])
    place = city.facts("林乙", "", county_agency=city.agencies["济南市司法局"])
    with pytest.raises(NotReceivable), city.acting("钱法"):
        register_judgment(city["钱法"], place, paper(city))


def test_the_database_alone_keeps_others_from_entering(city):
    order = entered(city)
    court, lixia = city["钱法"].agency, city.agencies["历下区司法局"]
    facts = {"name": "某", "sex": "m", "birth_date": START, "county_code": "370102", "county_agency": lixia}
    tries = [("孙警", {"entered_by": city["孙警"].agency}), ("王科", {"entered_by": court})]
    tries += [("赵检", {"entered_by": city["赵检"].agency}), ("钱法", {}), ("周外", {})]
    tries += [("钱法", {"entered_by": court, "office": city.agencies["趵突泉司法所"]})]
    for officer, more in tries:
        with pytest.raises(DatabaseError), city.acting(officer):
            Person.objects.create(number="x", **facts, **more)
    told = {name: getattr(paper(city, "另"), name) for name in ("type", "document_no", "document_date")}
    told |= {"effective_on": START, "term_start": START, "term_end": END, "decided_by": court}
    for person, more in [
        (order.person, {"received_on": START}),  # receives its own judgment
        (order.person, {"entered_by": None}),
        (city.persons["张三"], {}),  # who was not entered by the court
    ]:
        with pytest.raises(DatabaseError), city.acting("钱法"):
            Order.objects.create(person=person, **(told | {"entered_by": court} | more))


def test_a_draft_is_corrected_by_who_entered_it_and_by_nobody_once_received(city):
    order = entered(city)
    with city.acting("钱法"):
        correct_judgment(city["钱法"], order, paper(city, document_no="（2026）鲁0102刑初9号"))
        with pytest.raises(IntegrityError), transaction.atomic():  # not to somebody else
            Order.objects.filter(id=order.id).update(person=city.persons["张三"])
        with pytest.raises(DatabaseError), transaction.atomic():  # nor received by the court itself
            Order.objects.filter(id=order.id).update(received_on=START)
    with city.acting("王科"), pytest.raises(IntegrityError), transaction.atomic():
        Order.objects.filter(id=order.id).update(document_no="县区改写")
    order = received(city, order)
    with pytest.raises(NotReceivable), city.acting("钱法"):
        correct_judgment(city["钱法"], order, paper(city))
    with city.acting("钱法"):
        assert Order.objects.filter(id=order.id).update(document_no="法院改写") == 0


@pytest.mark.parametrize(
    ("officer", "outcome"),
    [
        ("李所", BeyondPower),
        ("郑局", BeyondPower),
        ("赵检", BeyondPower),
        ("钱法", BeyondPower),
        ("周外", NotFound),
    ],
)
def test_only_the_county_agency_receives(city, officer, outcome):
    order = entered(city)
    with pytest.raises(outcome), city.acting(officer):
        receive_order(city[officer], order)
    if officer == "周外":
        with city.acting(officer):
            assert Order.objects.filter(id=order.id).update(received_on=START) == 0


def test_it_is_received_once_and_not_before_it_was_written(city):
    order = entered(city)
    with pytest.raises(NotReceivable):
        received(city, order, received_on=START - timedelta(days=13))
    received(city, order)
    with pytest.raises(NotReceivable):
        received(city, order)


LATE = {"term_end": END + timedelta(days=1)}


def test_a_term_that_differs_blocks_until_a_named_officer_gives_reasons(city):
    with pytest.raises(TermMismatch) as refusal, city.acting("王科", Purpose.RECEPTION):
        register_person(city["王科"], city.facts("林乙", "历下-2026-0500"), paper(city, **LATE))
    for words in ("文书所写止日比计算的晚1日（文书2027-06-01，计算2027-05-31）", "缓刑考验期1年", "刑法73条"):
        assert words in str(refusal.value)
    order = entered(city, **LATE)
    assert order.term_check == "differs"
    with pytest.raises(TermMismatch):
        received(city, order)
    assert received(city, order, resolved="判决书原件如此，已向法院核实").received_on
    with city.acting("赵检"):
        row = TermResolution.objects.get()
    assert (row.officer, row.order_id, row.chosen_end) == (city["王科"], order.id, LATE["term_end"])
    assert row.mismatches[0]["computed"] == END.isoformat()
    assert LedgerPending.objects.filter(kind="term_resolved").count() == 1
    with city.acting("周外"):
        assert not TermResolution.objects.exists()


def test_the_county_registers_what_it_settled_at_once(city):
    with city.acting("王科", Purpose.RECEPTION):
        order = register_person(
            city["王科"], city.facts("林乙", "历下-2026-0500"), paper(city, **LATE), resolved="已向法院核实"
        )
    assert order.received_on == legal_day(utc_now())
    assert order.term_check == "differs"


def test_the_database_alone_refuses_a_term_that_nobody_settled(city):
    order = entered(city, **LATE)
    with city.acting("王科"), pytest.raises(IntegrityError), transaction.atomic():
        Order.objects.filter(id=order.id).update(received_on=START)
    facts = {"order": order, "chosen_start": START, "mismatches": [], "reasons": "r", "paper_digest": "0"}
    for officer in ("钱法", "郑局", "赵检", "李所", "周外"):
        with pytest.raises(DatabaseError), city.acting(officer):
            TermResolution.objects.create(
                **facts, chosen_end=LATE["term_end"], officer=city[officer], agency=city[officer].agency
            )
    wang = {"officer": city["王科"], "agency": city["王科"].agency}
    with city.acting("王科"):
        TermResolution.objects.create(**facts, **wang, chosen_end=END)  # not the document's day
        with pytest.raises(IntegrityError), transaction.atomic():
            Order.objects.filter(id=order.id).update(received_on=START)
        with pytest.raises(DatabaseError), transaction.atomic():
            TermResolution.objects.update(reasons="改写")


def test_facts_that_do_not_suffice_are_named(city):
    with pytest.raises(MissingFact):
        entered(city, term_facts=TermFacts(starts_on=START))


def test_facts_are_kept_as_the_paper_said_them(city):
    facts = TermFacts(
        starts_on=START,
        length=Sentence(1, 6),
        days_held=3,
        sentence_ends_on=END,
        not_counted=((START, END),),
        decided_until=END,
        sentence=Sentence(0, 8),
        is_detention=True,
    )
    assert facts_from_json(facts_json(facts)) == facts
    order = entered(city)
    with city.acting("王科"):
        assert facts_from_json(Order.objects.get(id=order.id).term_facts) == paper(city).term_facts


def test_who_comes_without_papers_is_received_and_they_are_put_in_once(city):
    told = paper(city, document_no="（待补）", term_facts=None, term_end=END - timedelta(days=90))
    with city.acting("王科", Purpose.RECEPTION):
        order = register_person(city["王科"], city.facts("林乙", "历下-2026-0500"), told, papers_pending=True)
    assert order.papers_pending
    assert order.received_on
    real = paper(city, document_no="（2026）鲁0102刑初9号")
    with pytest.raises(NotFound), city.acting("周外"):
        complete_papers(city["周外"], order, real)
    with city.acting("王科"):
        with pytest.raises(TermMismatch):
            complete_papers(city["王科"], order, replace(real, **LATE))
        done = complete_papers(city["王科"], order, real)
        assert (done.term_end, done.term_check, done.papers_pending) == (END, "agrees", False)
        with pytest.raises(NotReceivable):
            complete_papers(city["王科"], done, real)
        with pytest.raises(IntegrityError), transaction.atomic():
            Order.objects.filter(id=order.id).update(papers_pending=True)


def test_an_order_ends_at_the_end_of_the_day_and_the_sight_of_others_with_it(city):
    order, person = city.orders["张三"], city.persons["张三"]
    day = legal_day(utc_now())
    with city.acting("王科"):
        share(city["王科"], person, city.agencies["商河县司法局"], ShareMatter.MOVE, article="社区矫正法27条")
        with pytest.raises(IntegrityError), transaction.atomic():  # the court's own, while the order runs
            Share.objects.filter(person=person, matter="decided").update(valid_to=utc_now())
        ended = end_order(city["王科"], order, on=day, why="赦免")
        assert ended.ended_at == day_begins(day + timedelta(days=1))
        ends = dict(Share.objects.filter(person=person).values_list("matter", "valid_to"))
        assert ends == {"move": ended.ended_at, "decided": ended.ended_at + timedelta(days=30)}
    assert LedgerPending.objects.filter(kind="order_ended").count() == 1


@pytest.mark.parametrize(
    ("officer", "outcome"),
    [("李所", BeyondPower), ("赵检", BeyondPower), ("钱法", BeyondPower), ("周外", NotFound)],
)
def test_only_the_county_agency_ends_an_order(city, officer, outcome):
    with pytest.raises(outcome), city.acting(officer):
        end_order(city[officer], city.orders["张三"], on=legal_day(utc_now()), why="无权")
