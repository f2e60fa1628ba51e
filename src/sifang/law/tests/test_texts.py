"""An operator imports statutes: what is read, what is left, nothing by halves."""

import pytest

from sifang.law.articles import LAWS, UnknownArticle, all_articles
from sifang.law.tests.test_articles import chinese_number
from sifang.law.texts import (
    FILE,
    NotImported,
    article_text,
    import_texts,
    imported,
    number_in,
    read_law,
    text_of,
)

OFFICIAL = """# 社区矫正法实施办法

第一章 总则

第一条　为了试验。

第二十七条 外出，提前三日。
三十日以内的，按照第二十六条的规定。

第二章 其他
第二十八条 返回。
"""


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


@pytest.fixture
def target(tmp_path):
    return tmp_path / "data" / "law-texts"


def put(folder, name, text=OFFICIAL):
    (folder / name).write_text(text, encoding="utf-8")


def test_the_shared_statutes_are_read_whole(shared, target):
    report = import_texts(shared / "law", target)
    assert {one.law for one in report.read} == {law.short for law in LAWS.values() if law.file}
    counts = {one.law: len(one.articles) for one in report.read}
    assert (counts["社区矫正法"], counts["实施办法"], counts["监狱法"]) == (63, 59, 121)
    assert ("监狱法_2012.md", "《监狱法》已有 监狱法_2026修订.md，另一文本不用") in report.left
    assert "PROCEDURES.md" in {name for name, _ in report.left}
    assert set(report.missing) == {"刑法99条"} | {
        one.citation for one in all_articles() if "条号为约数" in one.gist
    }
    assert any(line.startswith("已读 社区矫正法_2019.md") for line in report.lines())
    found = article_text("社区矫正法29条2款", target)
    assert found is not None
    assert (found.state, found.mark) == ("verified", "")
    assert found.text.startswith("社区矫正对象有下列情形之一的")
    assert found.text.count("\n") == 7  # eight paragraphs and items
    recalled = article_text("办法27条", target)
    assert recalled is not None
    assert (recalled.state, recalled.mark) == ("recalled", "部分")
    assert recalled.state_title == "回忆文本，待核〔部分〕"


def test_an_article_holds_its_own_words_and_no_heading(shared, target):
    import_texts(shared / "law", target)
    for law in imported(target):
        for number, text in law.articles.items():
            assert not any(line.startswith(("#", ">", "|", "---", "**")) for line in text.splitlines()), (
                number
            )
            assert "〔" not in text[:3]
    assert text_of("社区矫正法22条", target).endswith("应当遵守的规定。")  # the next chapter is not its own
    assert text_of("办法59条", target).endswith("同时废止。")  # nor what stands under the text


def test_the_official_text_is_known_by_its_title_and_takes_the_recalled_ones_place(shared, source, target):
    import_texts(shared / "law", target)
    put(source, "official.md")
    report = import_texts(source, target)
    assert [(one.law, one.state) for one in report.read] == [("实施办法", "imported")]
    assert text_of("办法27条", target) == "外出，提前三日。\n三十日以内的，按照第二十六条的规定。"
    assert text_of("办法28条", target) == "返回。"
    assert text_of("社区矫正法29条", target)  # the laws that were not in the folder stay
    again = import_texts(shared / "law", target)  # and a recalled text does not come back over it
    assert ("社区矫正法实施办法_2020_recalled.md", "回忆文本不代替已导入的文本") in again.left
    assert text_of("办法28条", target) == "返回。"


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("# 社区矫正法实施办法\n\n没有条文\n", "没有以"),
        (OFFICIAL + "第一条 又一次。\n", "第1条出现两次"),
        (OFFICIAL + "第二十九条\n\n第三十条 有。\n", "第29条没有内容"),
    ],
)
def test_one_law_that_cannot_be_read_and_nothing_changes(source, target, shared, broken, reason):
    import_texts(shared / "law", target)
    before = (target / FILE).read_bytes()
    put(source, "a.md", OFFICIAL.replace("社区矫正法实施办法", "中华人民共和国护照法"))
    put(source, "b.md", broken)
    with pytest.raises(NotImported, match=reason):
        import_texts(source, target)
    assert (target / FILE).read_bytes() == before
    assert [file.name for file in target.iterdir()] == [FILE]


def test_what_is_no_utf8_or_too_big_is_refused(source, target):
    (source / "bad.md").write_bytes(OFFICIAL.encode("gb18030"))
    with pytest.raises(NotImported, match="不是 UTF-8"):
        import_texts(source, target)
    put(source, "bad.md", "一" * 2_000_000)
    with pytest.raises(NotImported, match="大于"):
        import_texts(source, target)
    assert not target.exists()


def test_a_folder_without_laws_says_what_it_saw(source, target, tmp_path):
    put(source, "notes.md", "# 会议记录\n第一条 不是法律。\n")
    put(source, "old.txt", "> 已废止\n" + OFFICIAL)
    (source / "scan.pdf").write_bytes(b"%PDF")
    with pytest.raises(NotImported, match=r"notes\.md：不是索引中的法律") as refused:
        import_texts(source, target)
    assert "old.txt：文件头写明已被代替" in str(refused.value)
    assert "scan.pdf：不是 .md 或 .txt 文件" in str(refused.value)
    with pytest.raises(NotImported, match="不是目录"):
        import_texts(tmp_path / "none", target)


def test_a_write_that_fails_leaves_the_old_texts(source, target, monkeypatch):
    put(source, "a.md")
    import_texts(source, target)
    before = (target / FILE).read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "no space")

    monkeypatch.setattr("sifang.law.texts.os.fsync", full)
    with pytest.raises(OSError, match="no space"):
        import_texts(source, target)
    assert (target / FILE).read_bytes() == before
    assert [file.name for file in target.iterdir()] == [FILE]


def test_without_import_there_are_no_words(target):
    assert text_of("社区矫正法29条", target) is None
    assert text_of("某法1条", target) is None
    assert imported(target) == ()
    with pytest.raises(UnknownArticle):
        article_text("某法1条", target)


def test_articles_between_articles_keep_their_own_number():
    text = "# 法\n**第三十七条** 甲。\n\n**第三十七条之一** 乙。\n"
    assert read_law("刑法", "x.md", text).articles == {"37": "甲。", "37-1": "乙。"}


@pytest.mark.parametrize(
    ("words", "number"),
    [("九", 9), ("十", 10), ("二十", 20), ("一百零五", 105), ("五百四十三", 543), ("三百", 300)],
)
def test_chinese_numerals(words, number):
    assert number_in(words) == chinese_number(words) == number
