"""One person's page as a whole course: what was done and is expected, who may do what, help in equal rank."""

import re
from datetime import timedelta

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from sifang.cases.acts import Wish, take
from sifang.cases.effects import start_course
from sifang.cases.models import Case
from sifang.kernel.time import legal_day, utc_now
from sifang.people.models import ReadRecord, Role
from sifang.web import case_file, person_tabs
from sifang.web.present import timeline
from sifang.web.shell import Viewer

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

NUMBER = "历下-2026-0417"
PAGE = f"/persons/{NUMBER}"
TABS = ("course", "documents", "plan", "reports", "positioning", "dispatches", "rights")
KNOWN = {"reasons", "remedy", "proceeding", "at", "corrects"}


def text(response):
    return response.content.decode()


def visible(response):
    """The words of a page without tags, spaces folded."""
    return re.sub(r"\s+", " ", re.sub(r"<time.*?</time>|<[^>]+>", " ", text(response)))


@pytest.fixture
def does(city):
    """Take a step in 张三's case as an officer."""

    def act(officer, procedure, step, **more):
        known = {key: value for key, value in more.items() if key in KNOWN}
        answers = {key: value for key, value in more.items() if key not in KNOWN}
        return take(city[officer], city.cases["张三"].id, Wish(procedure, step, answers, **known))

    act.city = city
    return act


@pytest.fixture
def leave(does):
    """张三 asks for ten days in 北京 from the fifth day on; 李所 writes it down."""
    first = legal_day(utc_now()) + timedelta(days=5)
    return does(
        "李所",
        "leave",
        "apply",
        purpose="medical",
        destination="北京市",
        leaves_on=first.isoformat(),
        returns_on=(first + timedelta(days=9)).isoformat(),
        proof="门诊预约单",
    )


def test_an_act_stands_with_its_facts_article_and_writer(at_desk, leave):
    page = visible(at_desk("王科").get(PAGE))
    assert "目的地：北京市" in page
    assert "社区矫正对象；由趵突泉司法所 李所记录" in page
    assert "办法" in page


def test_an_open_step_is_a_button_for_its_owner_and_names_the_owner_to_others(at_desk, leave):
    url = f"{PAGE}/do/leave/approve?proceeding={leave.proceeding_id}"
    assert f'href="{url.replace("历下", "%E5%8E%86%E4%B8%8B")}"' in text(at_desk("王科").get(PAGE))
    other = text(at_desk("李所").get(PAGE))
    assert "/do/leave/approve" not in other
    locked = re.search(r'sf-btn--locked">批准[^<]*</span><small>(.*?)</small>', other, re.DOTALL)
    assert locked
    assert "历下区司法局" in locked.group(1)
    assert "办法" in locked.group(1)


def test_a_prosecutor_reads_and_presses_nothing_of_others(at_desk, leave):
    page = text(at_desk("赵检").get(PAGE))
    assert "/do/leave/approve" not in page
    assert "法律监督" in page
    assert "北京市" in page


def test_an_outsider_sees_absence_on_every_tab(at_desk, leave):
    outsider = at_desk("周外")
    nothing = visible(outsider.get("/persons/历下-2026-9999"))
    for tab in TABS:
        answer = outsider.get(f"{PAGE}?tab={tab}")
        assert answer.status_code == 404
        assert visible(answer) == nothing
    assert outsider.get(f"{PAGE}/print").status_code == 404


@pytest.mark.parametrize("tab", TABS)
def test_each_tab_is_a_page_and_a_recorded_read(at_desk, leave, city, tab):
    answer = at_desk("王科").get(f"{PAGE}?tab={tab}")
    assert answer.status_code == 200
    assert f'href="?tab={tab}" aria-current="page"' in text(answer)
    with city.acting("赵检"):
        assert ReadRecord.objects.filter(what="person", officer=city["王科"]).exists()


def test_a_withdrawn_application_stays_struck_through(at_desk, does, leave):
    does("李所", "leave", "withdraw", proceeding=leave.proceeding_id)
    page = text(at_desk("王科").get(PAGE))
    assert "<s>书面申请外出</s>" in page


def test_declined_help_is_no_fault_and_struck_out_nowhere(at_desk, does):
    raised = does("王科", "need", "raise", kind="mind", words="睡眠不好")
    does("李所", "need", "decline", proceeding=raised.proceeding_id)
    page = text(at_desk("王科").get(PAGE))
    assert "本人不需要" in page
    assert "不计入考核" in page
    assert "<s>" not in page


def test_the_papers_of_an_act_and_its_recipients_stand_with_it(at_desk, does, leave):
    does("王科", "leave", "approve", proceeding=leave.proceeding_id)
    page = text(at_desk("王科").get(PAGE))
    assert "待本人签收" in page
    assert "历下区人民检察院" in page
    assert 'href="/documents/' in page
    sent = text(at_desk("赵检").get(f"{PAGE}?tab=dispatches"))
    assert "签收或者提出异议" in sent


def test_what_is_expected_stands_above_today(at_desk, city):
    with city.acting("王科"):
        start_course(Case.objects.get(id=city.cases["张三"].id))
    page = visible(at_desk("王科").get(PAGE))
    assert page.index("期满，解除社区矫正") < page.index("今天 ", page.index("教育帮扶") - 9000)
    assert "办理" in page


def queries_of(client, url):
    with CaptureQueriesContext(connections["default"]) as seen:
        answer = client.get(url)
    assert answer.status_code == 200
    return len(seen)


def test_the_number_of_queries_does_not_grow_with_the_acts(at_desk, does):
    raised = does("王科", "need", "raise", kind="work", words="想学电工")
    does("王科", "need", "offer", proceeding=raised.proceeding_id, help="介绍培训")
    does("王科", "education", "individual", theme="工作", fitted="下班后", noted="谈话")
    desk = at_desk("王科")
    few = queries_of(desk, PAGE)
    for number in range(8):
        does("王科", "need", "milestone", proceeding=raised.proceeding_id, milestone=f"第{number}次")
        does("王科", "education", "individual", theme="工作", fitted="下班后", noted=f"第{number}次")
    assert queries_of(desk, PAGE) <= few


def test_the_own_page_offers_leave_and_names_no_officer(at_desk, leave):
    page = text(at_desk("张三").get("/me"))
    assert 'href="/me/do/leave/apply"' in page
    assert "向检察院反映" in page
    assert "李所" not in page


def test_paper_has_no_buttons_and_says_who_printed(at_desk, leave):
    page = text(at_desk("王科").get(f"{PAGE}/print"))
    assert "打印 王科" in page
    assert "/do/" not in page


def test_nothing_can_be_withdrawn_that_was_not_asked(at_desk, does, leave):
    does("王科", "leave", "approve", proceeding=leave.proceeding_id)
    page = text(at_desk("张三").get("/me"))
    assert "/me/do/leave/ask_longer" in page or "申请延长外出" in page
    assert "撤回延长申请" not in page


def test_a_corrected_act_stays_struck_through_with_its_correction(at_desk, does):
    first = does("王科", "education", "individual", theme="法治", fitted="下班后", noted="谈话")
    does("王科", "education", "correct", wrong="日期写错", right="应为昨日", corrects=first.id)
    papers = case_file.papers_of([first])
    assert not papers.corrected, "nobody acts here: row security shows nothing"
    with does.city.acting("王科"):
        papers = case_file.papers_of([first])
    entry = timeline.entries_of([first], papers)[0]
    assert "已更正" in entry.struck


def test_the_head_reads_for_the_measure_and_decides_only_his_own(at_desk, leave):
    page = text(at_desk("郑局").get(PAGE))
    assert "办理电子定位措施" in page
    assert "/do/leave/approve" not in page


def test_who_comes_by_an_alarm_opens_what_binds_and_not_the_course(city):
    duty = Viewer(city["冯班"], frozenset({Role.DUTY_OFFICER}), None)
    assert [key for key, _ in person_tabs.tabs_of(duty)] == ["positioning"]
    assert person_tabs.known_tab(duty, "course") == "positioning"


def test_more_than_sixty_acts_come_when_asked_for(at_desk, does, monkeypatch):
    monkeypatch.setattr(case_file, "SHOWN", 2)
    monkeypatch.setattr(person_tabs, "SHOWN", 2)
    for number in range(3):
        does(
            "李所",
            "report",
            "report_change",
            change="work",
            change_on="2026-11-01",
            change_words=f"第{number}次",
        )
        does("王科", "report", "note_change", change_found="属实", consequence="无")
    first = text(at_desk("王科").get(PAGE))
    assert "加载更多（2 / 6）" in first
    assert "acts=4" in first
    assert "加载更多" not in text(at_desk("王科").get(f"{PAGE}?acts=6"))
