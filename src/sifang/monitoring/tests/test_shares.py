"""A person lent to another agency: the course may be read, positions and their measures may not (E4)."""

import pytest
from django.db.utils import DatabaseError

from sifang.cases.models import Case, Expectation
from sifang.cases.services import expect
from sifang.kernel.ids import uuid7
from sifang.kernel.time import utc_now
from sifang.monitoring.errors import NotLawful
from sifang.monitoring.models import Alarm, Clause, Fence, Measure, Proof
from sifang.people.models import Person, ShareMatter
from sifang.people.services import receive_order, register_judgment, share


@pytest.fixture
def lent(desk):
    """张三 under a measure with a fence, lent to 商河 for a move."""
    city = desk.city
    measure = desk.fenced()
    with city.acting("王科"):
        person = city.persons["张三"]
        share(city["王科"], person, city.agencies["商河县司法局"], ShareMatter.MOVE, article="社区矫正法27条")
        expect(
            "alarm_handling",
            owner=city.agencies["历下区司法局"],
            subject_kind="alarm",
            subject_id=uuid7(),
            article="社区矫正法29条",
            due_at=None,
            due_kind="target",
            case=city.cases["张三"],
        )
    return measure


@pytest.mark.parametrize("officer", ["周外", "钱法"])
def test_who_was_lent_a_person_reads_the_course_and_no_measure(desk, lent, officer):
    with desk.city.acting(officer):
        assert Person.objects.filter(id=lent.person_id).exists()
        assert Case.objects.filter(person_id=lent.person_id).count() == 1
        for table in (Measure, Proof, Clause, Alarm, Fence):
            assert not table.objects.exists(), table
        assert not Expectation.objects.exclude(subject_kind__in=("proceeding", "dispatch")).exists()
        assert Case.objects.filter(person_id=lent.person_id).update(closed_at=utc_now()) == 0
        assert Measure.objects.update(ended_at=utc_now()) == 0
    with desk.city.acting("王科"):
        assert Measure.objects.exists()
        assert Expectation.objects.filter(kind="alarm_handling").exists()


def test_who_was_lent_a_person_puts_nobody_under_a_measure(desk, lent):
    facts = {field.attname: getattr(lent, field.attname) for field in Measure._meta.fields}
    del facts["id"]
    with pytest.raises(DatabaseError), desk.city.acting("周外"):
        Measure.objects.create(**facts)


def test_nobody_is_put_under_a_measure_by_an_order_that_was_not_received(desk):
    city = desk.city
    with city.acting("钱法"):
        draft = register_judgment(city["钱法"], city.facts("林乙", ""), city.paper("林乙"))
    city.persons["林乙"], city.orders["林乙"] = draft.person, draft
    with pytest.raises(NotLawful, match="尚未接收登记"):
        desk.measure("林乙")
    with city.acting("王科"):
        receive_order(city["王科"], draft)
    assert desk.measure("林乙").order == draft
