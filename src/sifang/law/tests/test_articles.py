"""Each article that code cites is in the index, and in the statute itself."""

import re
from pathlib import Path

import pytest

from sifang.law.articles import LAWS, UnknownArticle, all_articles, article, citations

ROOT = Path(__file__).parents[4]
NO_SUCH_ARTICLE = 999  # what tests ask for when they want a refusal
DIGITS = dict(zip("零一二三四五六七八九", range(10), strict=True))


def cited() -> dict[tuple[str, int], list[str]]:
    found: dict[tuple[str, int], list[str]] = {}
    for suffix in ("py", "html", "ts", "md"):
        for file in sorted((ROOT / "src").rglob(f"*.{suffix}")):
            if "node_modules" in file.parts or file.name == "rows.py":
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


def test_each_article_of_the_index_exists_in_the_statute(shared):
    for law in LAWS.values():
        text = (shared / "law" / law.file).read_text(encoding="utf-8")
        numbers = {chinese_number(words) for words in re.findall(r"第([一二三四五六七八九十百零]+)条", text)}
        absent = [one.citation for one in all_articles() if one.law is law and one.number not in numbers]
        assert not absent


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
