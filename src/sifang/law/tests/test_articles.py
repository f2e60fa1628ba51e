"""Each article that code cites is in the index, and in the statute itself."""

import re
from pathlib import Path

import pytest

from sifang.law.articles import LAWS, UnknownArticle, all_articles, article, citations
from sifang.law.articles.rows import OUTSIDE_OUR_COPY as UNSEEN

ROOT = Path(__file__).parents[4]
NO_SUCH_ARTICLE = 999  # what tests ask for when they want a refusal
DIGITS = dict(zip("零一二三四五六七八九", range(10), strict=True))


def cited() -> dict[tuple[str, int], list[str]]:
    found: dict[tuple[str, int], list[str]] = {}
    for suffix in ("py", "html", "ts", "md"):
        for file in sorted((ROOT / "src").rglob(f"*.{suffix}")):
            if "node_modules" in file.parts or file.parent.name == "articles":
                continue
            for key in citations(file.read_text(encoding="utf-8")):
                if key[1] == NO_SUCH_ARTICLE and "tests" in file.parts:
                    continue
                found.setdefault(key, []).append(str(file.relative_to(ROOT)))
    return found


def chinese_number(words: str) -> int:
    total, digit = 0, 0
    for sign in words:
        if sign in "百十":
            total += (digit or 1) * (100 if sign == "百" else 10)
            digit = 0
        else:
            digit = DIGITS[sign]
    return total + digit


def test_each_article_cited_in_code_is_in_the_index():
    known = {(one.law.short, one.number) for one in all_articles()}
    missing = {
        f"{law}{number}条": files for (law, number), files in cited().items() if (law, number) not in known
    }
    assert not missing


def test_the_scan_sees_the_citations_of_this_house():
    assert ("社区矫正法", 29) in cited()
    assert list(citations("依据刑法 72条、办法37条2款，见第9条")) == [("刑法", 72), ("实施办法", 37)]


def numbers_in(text: str) -> set[int]:
    """The articles of a copy; our digest of the 2014 rules lists its (approximate) numbers in a table."""
    listed = re.findall(r"^\| (\d+)(?:–(\d+))? \|", text, re.MULTILINE)
    spans = {number for low, high in listed for number in range(int(low), int(high or low) + 1)}
    return spans | {chinese_number(words) for words in re.findall(r"第([一二三四五六七八九十百零]+)条", text)}


def test_each_article_of_the_index_exists_in_the_statute(shared):
    with_copy = [law for law in LAWS.values() if law.file]
    assert {law.short for law in LAWS.values()} - {law.short for law in with_copy} == {
        "禁止令规定",
        "检察建议规定",
    }
    for law in with_copy:
        numbers = numbers_in((shared / "law" / law.file).read_text(encoding="utf-8"))
        ours = {
            one.number for one in all_articles() if one.law is law and (law.short, one.number) not in UNSEEN
        }
        assert sorted(ours - numbers) == []


def test_nothing_that_we_did_not_read_is_marked_verified(shared):
    for one in all_articles():
        if one.law.file == "" or (one.law.short, one.number) in UNSEEN or "条号为约数" in one.gist:
            assert one.mark == "recalled", one.citation


def test_the_marks_of_the_measures_are_those_of_our_copy(shared):
    text = (shared / "law" / LAWS["实施办法"].file).read_text(encoding="utf-8")
    found = re.findall(r"^第([一二三四五六七八九十]+)条〔(.+?)〕", text, re.MULTILINE)
    marks = {chinese_number(words): mark for words, mark in found}
    ours = {one.number: one.mark for one in all_articles() if one.law.short == "实施办法"}
    assert set(ours) == set(marks) == set(range(1, 60))
    seen = {number for number, mark in marks.items() if mark == "✓"}
    confirmed_figure = {24, 29}  # PROCEDURES § 7: rc, the figure was seen in a public excerpt
    assert {number for number, mark in ours.items() if mark == "excerpt"} == seen | confirmed_figure
    assert "verified" not in ours.values()


CODES = {
    "L": "社区矫正法", "M": "实施办法", "JS": "刑诉法解释", "GZ": "检察规则", "GA": "公安程序规定",
    "CPL": "刑事诉讼法", "CL": "刑法", "JY": "监狱法", "ZA": "治安管理处罚法", "CJ": "出境入境管理法",
    "HZ": "护照法", "PI": "个人信息保护法", "DS": "数据安全法", "WD": "网络数据条例", "WA": "网络安全法",
    "YF": "预防未成年人犯罪法", "JX": "减刑假释规定", "ZJ": "暂予监外执行规定", "JCJY": "检察建议规定",
    "SDX": "山东细则",
}  # fmt: skip


def test_each_article_that_the_reading_of_the_law_cites_is_in_the_index(shared):
    text = (shared / "law" / "PROCEDURES.md").read_text(encoding="utf-8")
    cited_there = re.findall(rf"\b({'|'.join(CODES)})(\d+)(?:[–-](\d+))?(?=\D)", text)
    known = {(one.law.short, one.number) for one in all_articles()}
    wanted = {
        (CODES[code], number)
        for code, low, high in cited_there
        for number in range(int(low), int(high or low) + 1)
    }
    assert len(wanted) > 200
    assert sorted(wanted - known) == []


@pytest.mark.parametrize("citation", ["社区矫正法29条", "社区矫正法 29条1款1项", "社区矫正法29条第二款"])
def test_a_citation_with_paragraph_finds_its_article(citation):
    found = article(citation)
    assert (found.citation, found.mark, found.mark_title) == ("社区矫正法29条", "verified", "已核对")


def test_the_recalled_measures_are_marked_so():
    assert article("办法37条").mark == "recalled"
    assert article("办法37条").law.short == "实施办法"


@pytest.mark.parametrize("citation", ["社区矫正法999条", "某法1条", "29条", ""])
def test_an_unknown_article_is_refused(citation):
    with pytest.raises(UnknownArticle):
        article(citation)


def test_no_article_stands_twice_and_each_has_a_gist():
    rows = all_articles()
    from sifang.law.articles.rows import ROWS

    assert len(rows) == len(ROWS)
    assert all(one.gist for one in rows)
