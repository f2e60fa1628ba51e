"""统计: the figures come from the records; a committee office never learns a count below 10 (E25)."""

from datetime import timedelta

import pytest

from sifang.cases.acts import Wish, take
from sifang.cases.models import MonthFigure
from sifang.kernel.time import legal_day, utc_now
from sifang.monitoring.figures import KEYS, count_months, figures_for
from sifang.monitoring.tests.conftest import as_role
from sifang.people.access import acting
from sifang.people.purposes import Purpose

pytestmark = pytest.mark.django_db


def month():
    return legal_day(utc_now()).replace(day=1)


def figures(city, name, first=None):
    return figures_for(city[name], Purpose.DAILY, first or month())


def test_the_sum_is_the_sum_of_the_offices_and_ends_at_the_county(city):
    total, *offices = figures(city, "王科")
    assert total.counts["register"] == 3
    for key in KEYS:
        assert total.counts[key] == sum(one.counts[key] for one in offices)
    assert figures(city, "周外")[0].counts["register"] == 1
    assert figures(city, "市科")[0].counts["register"] == 4


def test_who_is_away_is_counted_only_while_away(city):
    first = legal_day(utc_now())
    answers = {"purpose": "medical", "destination": "北京市", "proof": "门诊预约单"}
    answers |= {"leaves_on": first.isoformat(), "returns_on": (first + timedelta(days=9)).isoformat()}
    case = city.cases["张三"]
    asked = take(city["李所"], case.id, Wish("leave", "apply", answers))
    assert figures(city, "王科")[0].counts["away"] == 0, "an application is no leave"
    take(city["王科"], case.id, Wish("leave", "approve", {}, proceeding=asked.proceeding_id))
    assert figures(city, "王科")[0].counts["away"] == 1
    last_month = (month() - timedelta(days=1)).replace(day=1)
    assert figures(city, "王科", last_month)[0].counts["away"] == 0


@pytest.mark.django_db(transaction=True, databases="__all__")
def test_a_committee_office_sees_no_count_below_ten(city, at_desk):
    with as_role("jobs"):
        assert count_months(utc_now()) > 0
        count_months(utc_now())  # a second run counts anew, it adds nothing
    assert figures(city, "米书")[0].counts == dict.fromkeys(KEYS)
    with as_role("jobs"), acting_job():
        MonthFigure.objects.filter(area_code="370102", key="register", month=month()).update(n=10)
        MonthFigure.objects.filter(area_code="370102", key="received", month=month()).update(n=9)
        MonthFigure.objects.filter(area_code="370126").update(n=5000)
    counts = figures(city, "米书")[0].counts
    assert (counts["register"], counts["received"]) == (10, None)
    with acting(city["米书"], Purpose.DAILY):  # also past the page: the table itself shows no more
        assert set(MonthFigure.objects.values_list("n", flat=True)) == {10}
    html = at_desk("米书").get("/figures").content.decode()
    assert "不足 10" in html
    assert "张三" not in html
    with acting(city["王科"], Purpose.DAILY):
        assert not MonthFigure.objects.exists()


def acting_job():
    from sifang.people.access import system

    return system("reconcile")


def test_a_month_that_has_not_begun_is_absent(at_desk):
    client = at_desk("王科")
    assert client.get("/figures").status_code == 200
    assert client.get("/figures?month=2099-01").status_code == 404
    assert client.get("/figures?month=x").status_code == 404
    assert at_desk("钱法").get("/figures").status_code == 404
