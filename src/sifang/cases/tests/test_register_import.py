"""Import of a register: every fault is named, nothing is half-imported, courses run on."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from sifang.cases import register_import
from sifang.cases.models import Act, Case, Expectation, Proceeding, RegisterImport, TakenOver
from sifang.cases.register_file import read_table
from sifang.cases.register_import import RowsRefused, check_register, import_register
from sifang.cases.register_rows import check_titles, understand
from sifang.cases.register_template import template
from sifang.cases.tests.register_samples import day, line, register
from sifang.kernel.errors import BeyondPower
from sifang.kernel.time import legal_day, utc_now
from sifang.ledger.models import LedgerPending
from sifang.people.models import Guardian, Order, Person, ReadRecord
from sifang.people.purposes import Purpose

TODAY = legal_day(utc_now())


def persons(city):
    with city.acting("王科"):
        return Person.objects.count()


@pytest.fixture
def imported(city):
    young = line(
        2, birth_date=day(TODAY - timedelta(days=365 * 16)), guardian="试父", guardian_relation="父亲"
    )
    return import_register(city["王科"], register(line(1, category="严管"), young), file_name="册.csv")


def test_a_good_register_puts_persons_on_the_books(city, imported):
    assert (imported.registered, imported.minors, imported.by_type) == (2, 1, {"缓刑": 2})
    with city.acting("王科"):
        order = Order.objects.select_related("person").get(person__number="历下-2025-0001")
        assert (order.person.name, order.person.office.name) == ("试某1", "趵突泉司法所")
        assert order.received_on < TODAY
        assert Guardian.objects.get(person__number="历下-2025-0002").name == "试父"


def test_a_course_runs_on_from_the_day_of_taking_over_and_nothing_is_overdue(city, imported):
    with city.acting("王科"):
        grown, young = (Case.objects.get(person__number=f"历下-2025-000{n}") for n in (1, 2))
        running = set(Proceeding.objects.filter(case=grown).values_list("procedure", flat=True))
        assert running == {"team", "plan", "category", "report", "education", "exit_control", "ending"}
        assert Proceeding.objects.filter(case=young, procedure="minor").exists()
        assert not Act.objects.filter(case=grown).exists()  # no history is invented
        due = Expectation.objects.filter(case=grown, closed_at=None)
        assert {"team.form", "plan.adopt", "report.file"} <= set(due.values_list("kind", flat=True))
        assert not due.filter(due_at__lte=utc_now()).exists()
        assert grown.wake_at is not None
        taken = TakenOver.objects.get(case=grown)
        assert (taken.source, taken.on, taken.told["原管理类别"]) == ("register", TODAY, "严管")


def test_who_imported_what_is_recorded(city, imported):
    with city.acting("王科"):
        read = ReadRecord.objects.get(what="register_import")
        assert len(read.person_ids) == 2
        assert read.purpose == Purpose.RECEPTION
        kept = [bytes(row.record).decode() for row in LedgerPending.objects.filter(kind="register_imported")]
    assert len(kept) == 1
    assert imported.sha256 in kept[0]
    assert "试某" not in kept[0]


def test_the_same_file_again_changes_nothing_and_says_so(city):
    data = register(line(1))
    import_register(city["王科"], data)
    before = persons(city)
    again = import_register(city["王科"], data)
    assert (again.registered, persons(city)) == (0, before)
    assert "没有改动" in again.imported_before


def test_known_numbers_in_another_file_are_left_as_they_are(city):
    import_register(city["王科"], register(line(1)))
    report = import_register(city["王科"], register(line(1, phone="13911111111"), line(2)))
    assert (report.registered, report.known) == (1, ["历下-2025-0001"])
    with city.acting("王科"):
        assert Person.objects.get(number="历下-2025-0001").phone == "13800000000"
        assert RegisterImport.objects.count() == 2


BAD = {
    "no number": ({"number": ""}, "矫正编号", "没有填写"),
    "no date": ({"birth_date": "昨天"}, "出生日期", "不是日期"),
    "no such day": ({"birth_date": "1990-02-30"}, "出生日期", "不是日期"),
    "sex": ({"sex": "其他"}, "性别", "只能是"),
    "type": ({"type": "拘役"}, "矫正类别", "只能是"),
    "check digit": ({"id_number": "370102199003050011"}, "公民身份号码", "校验码"),
    "number as float": ({"id_number": "3.70102E+17"}, "公民身份号码", "存成了数字"),
    "another birthday": ({"id_number": "11010519491231002X"}, "出生日期", "中的"),
    "another county": ({"county": "商河县司法局"}, "执行地", "本地"),
    "no such office": ({"office": "许商司法所"}, "司法所", "不是本县区"),
    "no such decider": ({"decider": "某地法院"}, "决定机关", "名录"),
    "no standing": ({"decider": "历下区司法局"}, "决定机关", "不能作出"),
    "ban in parole": ({"type": "假释", "prohibition": "禁止进入酒吧"}, "禁止令", "不适用"),
    "received before": ({"received_on": "2020-01-01"}, "接收日期", "早于文书日期"),
    "received tomorrow": ({"received_on": day(TODAY + timedelta(days=1))}, "接收日期", "晚于今天"),
    "term over": ({"term_end": day(TODAY - timedelta(days=1))}, "矫正期止", "已满"),
    "end before start": ({"term_end": "2020-01-01"}, "矫正期止", "已满"),
    "term differs": ({"length": "二年", "sentence_kind": "有期徒刑"}, "矫正期止", "早"),
    "no length": ({"length": "很久"}, "考验期或者管制期限", "不是期限"),
    "number taken": ({"number": "历下-2026-0417"}, "矫正编号", "文书号不同"),
    "number of another county": ({"number": "商河-2026-0007"}, "矫正编号", "别处"),
    "guardian without relation": ({"guardian": "某"}, "监护人关系", "没有填写"),
    "too long": ({"name": "长" * 61}, "姓名", "超过"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_row_is_named_and_nothing_of_the_file_is_imported(city, kind):
    changes, title, words = BAD[kind]
    before = persons(city)
    with pytest.raises(RowsRefused) as refusal:
        import_register(city["王科"], register(line(1), line(2, **changes), line(3)))
    errors = refusal.value.data["report"].errors
    assert [(one.line, one.title) for one in errors if words in one.message] == [(3, title)]
    assert persons(city) == before
    with city.acting("王科"):
        assert not RegisterImport.objects.exists()


def test_two_rows_of_one_number_are_refused(city):
    report = check_register(city["王科"], register(line(1), line(1)))
    assert [one.message for one in report.errors] == ["与第 2 行的编号相同"]


def test_a_term_that_differs_is_taken_with_the_reasons_of_the_row(city):
    row = line(1, length="二年", sentence_kind="有期徒刑", resolved="已核对判决书原件，以判决主文为准")
    import_register(city["王科"], register(row))
    with city.acting("王科"):
        order = Order.objects.get(person__number="历下-2025-0001")
        assert order.term_check == "differs"
        assert order.term_resolutions.get().officer == city["王科"]


def test_a_check_changes_nothing_and_records_whom_it_met(city):
    before = persons(city)
    report = check_register(city["王科"], register(line(1), line(2, number="历下-2026-0417")))
    assert (report.new, report.bad_rows, persons(city)) == (1, 1, before)
    with city.acting("王科"):
        (read,) = ReadRecord.objects.filter(what="register_check")
        assert read.person_ids == [city.persons["张三"].id]


def test_what_a_sheet_would_compute_is_kept_as_text_with_a_warning(city):
    report = import_register(city["王科"], register(line(1, address="=HYPERLINK(1)")))
    assert any("公式" in one.message for one in report.warnings)
    with city.acting("王科"):
        assert Person.objects.get(number="历下-2025-0001").address == "=HYPERLINK(1)"


def test_a_failure_at_the_last_row_leaves_the_database_untouched(city, monkeypatch):
    real, seen = register_import.take_over_course, []

    def fails_at_third(*args, **more):
        seen.append(1)
        if len(seen) == 3:
            raise OSError("no space")
        return real(*args, **more)

    monkeypatch.setattr(register_import, "take_over_course", fails_at_third)
    before = persons(city)
    with pytest.raises(OSError, match="no space"):
        import_register(city["王科"], register(line(1), line(2), line(3)))
    assert persons(city) == before
    with city.acting("王科"):
        assert not TakenOver.objects.exists()


@pytest.mark.parametrize("name", ["李所", "郑局", "赵检", "市科", "米书", "张三", "系管"])
def test_only_the_county_agency_imports(city, name):
    with pytest.raises(BeyondPower, match="县级社区矫正机构"):
        check_register(city[name], register(line(1)))


def test_another_county_cannot_import_into_this_one(city):
    report = check_register(city["周外"], register(line(1, county="历下区司法局")))
    assert [one.title for one in report.errors] == ["执行地"]
    assert "不是本县区" in check_register(city["周外"], register(line(1))).errors[0].message


@pytest.mark.parametrize("name", ["李所", "周外", "赵检"])
def test_the_database_lets_no_other_officer_take_over(city, name):
    case = city.cases["张三"]
    with pytest.raises((ProgrammingError, IntegrityError), match=r"row-level security|只能接管"):
        taken_by(city, name, case)
    taken_by(city, "王科", case)


def taken_by(city, name, case, **more):
    with city.acting(name), transaction.atomic():
        by = city[name]
        facts = {"on": TODAY, "source": "archive", "sha256": "0" * 64} | more
        return TakenOver.objects.create(case=case, officer=by, agency=by.agency, **facts)


def test_the_database_lets_nobody_antedate_the_taking_over(city):
    case, early = city.cases["张三"], TODAY - timedelta(days=400)
    with pytest.raises(IntegrityError, match="只能接管"):
        taken_by(city, "王科", case, on=early)
    taken_by(city, "王科", case)
    opening = {"opened_on": day(early)}
    with pytest.raises(IntegrityError, match="没有事实"), city.acting("王科"), transaction.atomic():
        Proceeding.objects.create(
            case=case, procedure="team", state="forming", facts=opening, opening=opening
        )


def test_the_template_is_read_by_the_reader_and_its_example_is_sound(city):
    table = read_table(template())
    assert check_titles(table) == []
    told = understand(table.rows[0])
    assert told.is_good
    assert told.term_facts is not None
