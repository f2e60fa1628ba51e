"""`sifang law`: what it lists, shows and counts, without Django; what it refuses, in one line."""

import json
import os
import subprocess
import sys

import pytest

from sifang.law.rules import all_rules
from sifang.ops.law_command import law

KEYS = [
    "rule", "kind", "n", "unit", "counted_from", "due_on", "due_at", "rolled_from", "article", "status",
    "confirmed_by", "warning", "steps",
]  # fmt: skip


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("SIFANG_DATA", str(tmp_path))
    return tmp_path


@pytest.fixture
def answer(data, capsys):
    def run(*words: str) -> tuple[int, str, str]:
        code = law(list(words))
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_a_fresh_process_counts_without_django(data):
    code = "import sys; sys.modules['django'] = None; from sifang.ops.main import main; sys.exit(main())"
    words = ["law", "due", "handover.docs", "--from", "2026-09-25", "--json"]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert list(found) == KEYS
    assert found["counted_from"] == "2026-09-26"
    assert (found["due_on"], found["rolled_from"], found["due_at"]) == ("2026-10-08", "2026-10-05", None)
    assert (found["status"], found["confirmed_by"], found["warning"]) == ("verified", None, None)


@pytest.mark.parametrize("one", all_rules(), ids=lambda one: one.id)
def test_every_rule_answers(one, answer):
    code, out, err = answer("due", one.id, "--from", "2026-09-25T16:30:05Z", "--json")
    found = json.loads(out)
    assert (code, err, list(found)) == (0, "", KEYS)
    assert (found["rule"], found["kind"], found["n"], found["unit"]) == (one.id, one.kind, one.n, one.unit)
    assert found["status"] in {"verified", "recalled", "our_reading"}
    assert found["steps"]
    is_dated = one.kind in ("deadline", "cap", "minimum")
    assert (found["due_on"] is not None) is (found["counted_from"] is not None) is is_dated
    assert (found["due_at"] is not None) is (one.unit == "hour")
    code, out, _ = answer("due", one.id, "--from", "2026-09-25")
    assert code == 0
    assert one.article in out


def test_hours_answer_with_the_instant_in_shanghai(answer):
    _, out, _ = answer("due", "arrest.decide", "--from", "2026-09-25T16:30:05Z", "--json")
    found = json.loads(out)
    assert found["due_at"] == "2026-09-28T00:30:05+08:00"
    assert (found["counted_from"], found["due_on"]) == ("2026-09-26", "2026-09-28")


def test_a_time_without_zone_is_shanghais_on_every_machine(data):
    code = "import sys; from sifang.ops.main import main; sys.exit(main())"
    words = ["law", "due", "arrest.decide", "--from", "2026-09-25T16:30:05", "--json"]
    far = {**os.environ, "TZ": "America/New_York"}
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=True, env=far
    )
    assert json.loads(done.stdout)["due_at"] == "2026-09-27T16:30:05+08:00"


def test_custody_keeps_the_courts_term_where_it_is(answer):
    _, free, _ = answer("due", "revoke.rule", "--from", "2026-09-01", "--json")
    _, held, _ = answer("due", "revoke.rule", "--from", "2026-09-01", "--custody", "--json")
    assert (json.loads(free)["due_on"], json.loads(held)["due_on"]) == ("2026-10-08", "2026-10-01")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("due", "no.such", "--from", "2026-09-25"), "没有这条期限规则：no.such。\n"),
        (("due", "no.such", "--from", "2026-09-25", "--json"), "没有这条期限规则：no.such。\n"),
        (("due", "ep.max", "--from", "someday\nsoon"), "看不懂或算不出的时间：someday soon。"),
        (("due", "ep.max", "--from", "2026-02-30"), "看不懂或算不出的时间：2026-02-30。"),
        (("due", "ep.max", "--from", "9999-12-31"), "看不懂或算不出的时间：9999-12-31。"),
        (("due", "ep.max", "--from", ""), "看不懂或算不出的时间：。"),
        (("show", "nothing"), "没有这个程序、期限规则或者条文：nothing。\n"),
    ],
)
def test_an_unknown_rule_or_time_is_one_line_and_exit_two(words, told, answer):
    code, out, err = answer(*words)
    assert (code, out) == (2, "")
    assert err.startswith(told)
    assert err.count("\n") == 1


def test_holidays_that_an_office_added_are_honoured(answer, data):
    _, out, _ = answer("due", "handover.notice", "--from", "2027-02-03", "--json")
    before = json.loads(out)
    assert before["due_on"] == "2027-02-08"
    assert "2027年" in before["warning"]
    (data / "calendars").mkdir()
    table = {"year": 2027, "source": "试用", "rest": ["2027-02-05..2027-02-11"], "work": []}
    (data / "calendars" / "2027.json").write_text(json.dumps(table), encoding="utf-8")
    _, out, _ = answer("due", "handover.notice", "--from", "2027-02-03", "--json")
    after = json.loads(out)
    assert (after["due_on"], after["rolled_from"], after["warning"]) == ("2027-02-12", "2027-02-08", None)


def test_the_list_has_three_groups(answer):
    _, out, _ = answer("list", "--json")
    rows = json.loads(out)
    assert {row["type"] for row in rows} == {"procedure", "rule", "article"}
    assert len([row for row in rows if row["type"] == "rule"]) == 51
    assert all(row["id"] for row in rows)
    _, words, _ = answer("list")
    assert words.index("程序（") < words.index("期限规则（") < words.index("条文（")
    assert "handover.docs：送达法律文书，10日内，社区矫正法20条、刑诉法解释519条〔已核对〕" in words
    assert "leave.decide：外出申请的审批期限" in words
    assert "at_once：立即，1小时" in words
    _, only, _ = answer("list", "rules", "--json")
    assert {row["type"] for row in json.loads(only)} == {"rule"}


def test_show_gives_a_procedures_table_by_name_and_by_code(answer):
    _, table, _ = answer("show", "leave")
    assert table.startswith("# 外出请假")
    assert "| 现状 | 步骤 | 谁 | 条文 |" in table
    assert answer("show", "P-LEAVE")[1] == answer("show", "p-leave-3")[1] == table
    found = json.loads(answer("show", "leave", "--json")[1])
    assert (found["type"], found["id"], found["markdown"] + "\n") == ("procedure", "leave", table + "\n")


def test_show_gives_a_rule_a_slot_and_an_article(answer, data, shared):
    _, words, _ = answer("show", "med.check")
    assert "旁证：山西日报" in words
    assert "只适用于保外就医" in words
    assert "没有已知的法定期限" in answer("show", "leave.decide")[1]
    assert answer("show", "社区矫正法29条")[1].startswith(
        "中华人民共和国社区矫正法（2019） 第29条〔已核对〕\n"
    )
    assert json.loads(answer("show", "社区矫正法29条", "--json")[1])["text"] is None
    code, report, _ = answer("import-texts", str(shared / "law"))
    assert code == 0
    assert "已读 社区矫正法_2019.md" in report
    assert (data / "law-texts").is_dir()
    assert "每次不得超过三个月" in answer("show", "社区矫正法29条")[1]
    assert json.loads(answer("show", "办法27条", "--json")[1])["text_state"] == "recalled"
