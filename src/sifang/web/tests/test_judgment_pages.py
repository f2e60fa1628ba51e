"""A judgment in force is entered by who decided, who comes without papers by the county; nobody else."""

from datetime import timedelta
from urllib.parse import quote

import pytest

from sifang.cases.models import Act, Case, Expectation
from sifang.kernel.time import legal_day, utc_now
from sifang.people.models import Order, Person
from sifang.people.purposes import Purpose

pytestmark = pytest.mark.django_db(databases="__all__")

NEW = "/handover/new?type=probation"


def text(response):
    return response.content.decode()


@pytest.fixture
def judged(city):
    """One year of probation, in force since four days ago."""
    day = legal_day(utc_now()) - timedelta(days=4)
    end = day.replace(year=day.year + 1) - timedelta(days=1)
    return {
        "name": "罗某",
        "sex": "m",
        "birth_date": "1990-01-02",
        "address": "历下区文化东路某号",
        "county": str(city.agencies["历下区司法局"].id),
        "document_no": "（2026）鲁0102刑初777号",
        "document_date": (day - timedelta(days=10)).isoformat(),
        "effective_on": day.isoformat(),
        "years": "1",
        "sentence_months": "8",
        "term_start": day.isoformat(),
        "term_end": end.isoformat(),
    }


def test_the_court_chooses_the_type_then_sees_whom_the_law_tells(at_desk):
    client = at_desk("钱法")
    assert "缓刑" in text(client.get("/handover/new"))
    page = text(client.get(NEW))
    assert "由法律列出，不能减少" in page
    assert "通知执行地县级社区矫正机构（历下区人民法院）" in page
    assert 'name="to"' not in page


def test_the_term_is_computed_and_the_clocks_have_dates(at_desk, judged):
    page = text(at_desk("钱法").post(NEW, judged | {"count": "1"}))
    assert "期限核对" in page
    assert "一致" in page
    assert "抄送法律文书：历下区人民检察院" in page
    assert "抄送法律文书：济南市公安局历下分局" in page
    assert "24:00 前" in page


def test_a_judgment_goes_in_and_the_next_step_is_the_notice(at_desk, city, judged):
    client = at_desk("钱法")
    answer = client.post(NEW, judged)
    assert answer.status_code == 302
    assert answer["Location"].endswith("/do/handover/notify")
    page = text(client.get(answer["Location"]))
    assert "已登记：罗某" in page
    assert client.post(answer["Location"], {}).status_code == 302
    with city.acting("王科"):
        case = Case.objects.get(person__name="罗某")
        assert Act.objects.filter(case=case, step="notify", agency=city["钱法"].agency).exists()
        open_now = set(Expectation.objects.filter(case=case, closed_at=None).values_list("kind", flat=True))
    assert "intake.report" in open_now
    assert "handover.notify" not in open_now
    with city.acting("周外"):
        assert not Person.objects.filter(name="罗某").exists()


def test_a_term_that_differs_is_shown_and_must_be_seen(at_desk, city, judged):
    client = at_desk("钱法")
    wrong = judged | {"term_end": (legal_day(utc_now()) + timedelta(days=200)).isoformat()}
    page = text(client.post(NEW, wrong))
    assert "文书所写的期限与计算不一致" in page
    assert "已核对文书原件" in page
    with city.acting("王科"):
        assert not Person.objects.filter(name="罗某").exists()
    assert client.post(NEW, wrong | {"seen": "1"}).status_code == 302
    with city.acting("王科"):
        assert Order.objects.get(person__name="罗某").term_check == "differs"


def test_reception_of_a_differing_term_asks_for_reasons_and_gives_number_and_office(at_desk, city, judged):
    differs = judged | {"term_end": (legal_day(utc_now()) + timedelta(days=200)).isoformat(), "seen": "1"}
    court, county = at_desk("钱法"), at_desk("王科")
    url = court.post(NEW, differs)["Location"].replace("handover/notify", "intake/{}")
    assert county.post(url.format("report"), {}).status_code == 302
    with city.acting("王科"):
        person = Person.objects.get(name="罗某")
    steps = county.get(f"/api/cases/{person.number}/options").json()["rows"]
    identity = next(row for row in steps if "identity" in row["step"])
    county.post(url.format(identity["step"]), {ask["key"]: "身份证" for ask in identity["asks"]})
    office = {"office": str(city.agencies["趵突泉司法所"].id)}
    page = text(county.get(url.format("receive")))
    assert "趵突泉司法所" in page
    assert "许商司法所" not in page
    answer = county.post(url.format("receive"), office)
    assert answer.status_code == 409
    assert "期限与计算不一致" in text(answer)
    assert 'name="reasons"' in text(answer)
    answer = county.post(url.format("receive"), office | {"reasons": "判决书补正裁定已核对。"})
    assert answer.status_code == 302
    with city.acting("李所"):  # who sees by the office only
        received = Person.objects.get(name="罗某")
    assert received.number.startswith("历下-")
    assert answer["Location"] == f"/persons/{quote(received.number)}"


def test_mistakes_come_back_by_field(at_desk, judged):
    answer = at_desk("钱法").post(NEW, judged | {"name": "", "birth_date": "1990"})
    assert answer.status_code == 400
    assert 'href="#f-name"' in text(answer)
    assert "（2026）鲁0102刑初777号" in text(answer)
    answer = at_desk("钱法").post(NEW, judged | {"id_number": "123"})
    assert answer.status_code == 400
    assert "校验码" in text(answer)
    page = text(at_desk("钱法").post(NEW, judged | {"years": "", "count": "1"}))
    assert "还算不出期限" in page


@pytest.mark.parametrize(("officer", "status"), [("李所", 403), ("赵检", 403), ("郑局", 403), ("米书", 404)])
def test_nobody_else_enters(at_desk, judged, officer, status):
    client = at_desk(officer)
    assert client.get(NEW).status_code == status
    answer = client.post(NEW, judged)
    assert answer.status_code == status
    if status == 403:
        assert "社区矫正法20条" in text(answer).replace(" ", "")


def test_a_former_officer_and_a_prison_of_probation_get_nowhere(at_desk, judged):
    assert at_desk("吴离").get(NEW).status_code in {302, 404}
    page = text(at_desk("监管").get(NEW))
    assert "暂予监外执行" in page
    assert "缓刑考验期" not in page


def test_who_comes_without_papers_is_registered_and_the_papers_follow(at_desk, city, judged):
    county = at_desk("王科")
    known = {key: judged[key] for key in judged if key not in {"county", "years", "sentence_months"}}
    known |= {"decided_by": str(city.agencies["历下区人民法院"].id)}
    known |= {"office": str(city.agencies["趵突泉司法所"].id)}
    page = text(county.get(NEW))
    assert "先行登记" in page
    assert "送达法律文书（决定机关）" in page
    assert "济南监狱" not in page, "probation is for courts"
    answer = county.post(NEW, known)
    assert answer["Location"].endswith("/do/intake/report")
    assert county.post(answer["Location"], {}).status_code == 302
    with city.acting("王科"):
        order = Order.objects.select_related("person").get(person__name="罗某")
        assert order.papers_pending
        kinds = set(
            Expectation.objects.filter(case__order=order, closed_at=None).values_list("kind", flat=True)
        )
    assert "handover.notify_gap" in kinds
    url = f"/persons/{order.person.number}/papers"
    assert at_desk("周外").get(url).status_code == 404
    assert at_desk("李所").get(url).status_code == 403
    assert "鲁0102刑初777号" in text(county.get(url))
    full = known | {"years": "1", "term_end": (legal_day(utc_now()) + timedelta(days=9)).isoformat()}
    answer = county.post(url, full)
    assert answer.status_code == 409
    assert 'href="#f-resolved"' in text(answer)
    assert county.post(url, known | {"years": "1"}).status_code == 302
    with city.acting("王科", Purpose.RECEPTION):
        order.refresh_from_db()
    assert not order.papers_pending
    assert order.term_check == "agrees"
    assert county.get(url).status_code == 409
