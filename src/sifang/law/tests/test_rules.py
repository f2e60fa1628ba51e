"""The rule constants are those of PROCEDURES § 7, and verified numbers stand in the cited articles."""

import re

import pytest

from sifang.law.articles import LAWS, article
from sifang.law.rules import (
    ACTOR_TITLES,
    STATUS,
    UNIT_TITLES,
    Rule,
    UnknownRule,
    all_rules,
    rule,
    slots,
    targets,
)
from sifang.law.tests.test_articles import CODES, chinese_number

OURS = {"title", "group", "trigger", "sentence", "confirmed_by", "before"}  # words of ours, not of the block
UNITS = {"hour": "小时", "day": "日", "workday": "个工作日", "month": "个月", "year": "年", None: "次"}
DIGITS = "零一二三四五六七八九"


def rows_of(text: str) -> dict[str, dict[str, str]]:
    """The block of PROCEDURES § 7, read without a YAML library: flow mappings, one a line."""
    block = re.search(r"^```yaml\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert block
    found = {}
    for line in block[1].splitlines():
        inner = re.fullmatch(r"- \{(.*)\}", line.strip())
        assert inner, line
        pairs = re.findall(r'(\w+): (\{.*?\}|\[.*?\]|".*?"|[^,]+)', inner[1])
        row = {key: value.strip().strip('"') for key, value in pairs}
        found[row.pop("id")] = row
    return found


def as_block(one: Rule) -> dict[str, str]:
    """Our row, written as that block writes it."""
    said = {
        "kind": one.kind,
        "n": str(one.n),
        "st": one.st,
        "unit": one.unit,
        ("before" if one.before else "from"): one.event,
        "by": one.by,
        "types": f"[{', '.join(one.types)}]" if one.types else "",
        "only": one.only,
        "extend": str(one.extend or ""),
        "inclusive": {True: "true", False: "false", None: ""}[one.inclusive],
        "soft": "true" if one.soft else "",
        "editable_per_notice": "true" if one.editable_per_notice else "",
        "good_reason_excuses": "true" if one.good_reason_excuses else "",
        "roll_if_custody": "" if one.roll_if_custody else "false",
        "and": "later_breach" if one.later_breach else "",
        "needs": one.needs,
        "over": one.over,
    }
    return {key: value for key, value in said.items() if value}


@pytest.fixture(scope="module")
def block(shared):
    return rows_of((shared / "law" / "PROCEDURES.md").read_text(encoding="utf-8"))


def test_there_are_fifty_one_rules_and_no_id_stands_twice(block):
    assert len(block) == len(all_rules()) == len({one.id for one in all_rules()}) == 51
    assert {one.id for one in all_rules()} == set(block)


@pytest.mark.parametrize("one", all_rules(), ids=lambda one: one.id)
def test_a_rule_says_what_the_block_says(one, block):
    theirs = dict(block[one.id])
    cited = theirs.pop("art")
    roll = theirs.pop("roll", "false")
    window = theirs.pop("window", "")
    assert as_block(one) == theirs
    assert one.roll is (roll == "true")
    assert one.window_months == (2 if window else 0)
    assert list(one.art) == [f"{CODES[code]}{n}条" for code, n in re.findall(r"\b([A-Z]+)(\d+)", cited)]


@pytest.mark.parametrize("one", all_rules(), ids=lambda one: one.id)
def test_a_rule_says_who_what_and_from_when_in_the_laws_words(one):
    assert one.title
    assert one.group
    assert bool(one.sentence) is (one.kind in ("threshold", "count"))
    assert bool(one.trigger) is bool(one.event) is (one.kind not in ("threshold", "count"))
    assert not one.by or one.actor == ACTOR_TITLES[one.by]
    assert bool(one.confirmed_by) is (one.st == "rc")
    assert not one.sentence or (str(one.n) in one.sentence)
    for citation in one.art:
        assert article(citation).citation == citation
    assert one.status == STATUS[one.st]


def numbers(text: str, unit: str) -> set[int]:
    words = re.findall(rf"([{DIGITS}十百两]+){unit}", text)
    return {chinese_number(word.replace("两", "二")) for word in words}


def text_of(shared, citation: str) -> str:
    found = article(citation)
    text = (shared / "law" / LAWS[found.law.short].file).read_text(encoding="utf-8")
    parts = re.split(r"^\**第([一二三四五六七八九十百零]+)条\**", text, flags=re.MULTILINE)
    mine = [
        body
        for words, body in zip(parts[1::2], parts[2::2], strict=True)
        if chinese_number(words) == found.number
    ]
    assert len(mine) == 1, citation
    return mine[0]


VERIFIED = [(one, citation) for one in all_rules() if one.st == "v" for citation in one.art]


@pytest.mark.parametrize(("one", "citation"), VERIFIED, ids=lambda it: getattr(it, "id", it))
def test_a_verified_number_stands_in_each_article_that_the_rule_cites(one, citation, shared):
    text = text_of(shared, citation)
    assert one.n in numbers(text, UNITS[one.unit]), text[:200]
    if one.extend:
        assert re.search(f"延长{DIGITS[one.extend] if one.extend < 10 else '十'}日", text)


def test_only_what_was_read_in_a_verified_text_is_called_verified():
    for one in all_rules():
        marks = {article(citation).mark for citation in one.art}
        assert (one.st != "v") or "verified" in marks, one.id
        assert (one.st not in ("r", "rc")) or "verified" not in marks, one.id


def test_the_statutes_are_really_compared(shared):
    text = text_of(shared, "社区矫正法29条")
    assert numbers(text, "个月") == {3}
    assert 4 not in numbers(text, "个月")


def test_an_unknown_rule_is_refused():
    with pytest.raises(UnknownRule, match=r"no\.such"):
        rule("no.such")


def test_what_the_province_settles_and_we_have_not_read_is_an_empty_slot():
    assert {"leave.decide", "move.decide", "category.levels", "category.period"} <= {s.id for s in slots()}
    assert all("没有已知的法定期限" in slot.note for slot in slots())
    assert not {slot.id for slot in slots()} & {one.id for one in all_rules()}


def test_a_target_of_the_house_is_no_rule():
    assert not set(targets()) & {one.id for one in all_rules()}
    assert (targets()["at_once"].n, targets()["promptly"].n) == (1, 24)
    assert {one.unit for one in targets().values()} <= set(UNIT_TITLES)
