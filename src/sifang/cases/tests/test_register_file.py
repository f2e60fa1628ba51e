"""The reader of registers: every encoding that offices use, and never anything but its named error."""

import io
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from sifang.cases.register_file import MOST_BYTES, Row, UnreadableFile, read_table
from sifang.cases.register_rows import day_of, length_of
from sifang.cases.tests.register_samples import line, register
from sifang.law.terms import Sentence


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_the_encodings_of_offices_are_read(encoding):
    table = read_table(register(line(1, name="㐂田"), encoding=encoding))
    assert table.rows[0].cells["姓名"] == "㐂田"


def test_lines_are_numbered_as_in_the_file():
    table = read_table('姓名,住址\n\n甲,"一\n二"\n乙,三\n'.encode())
    assert [row.line for row in table.rows] == [3, 5]


@given(st.one_of(st.binary(max_size=300), st.text(max_size=200).map(str.encode)))
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_a_table_or_the_named_error(data):
    with suppress(UnreadableFile):
        assert all(isinstance(row, Row) for row in read_table(data).rows)


@given(st.binary(min_size=1, max_size=40), st.integers(0, 3000))
@settings(max_examples=40, deadline=None)
def test_a_damaged_workbook_gives_a_table_or_the_named_error(noise, at):
    whole = workbook([["姓名"], ["甲"]])
    place = at % len(whole)
    with suppress(UnreadableFile):
        read_table(whole[:place] + noise + whole[place + len(noise) :])


def workbook(rows):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def test_a_workbook_is_read_and_its_formulas_are_not_computed():
    table = read_table(
        workbook([["姓名*", "人数"], ["=1+1", 3.0], [None, None], ["甲", 370102199001011234.0]])
    )
    assert table.titles == ("姓名", "人数")
    assert table.rows[0].cells == {"姓名": "=1+1", "人数": "3"}
    assert table.rows[1].cells["人数"].endswith("e+17")


def repacked(name, content):
    kept = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook([["姓名"]]))) as old, zipfile.ZipFile(kept, "w", 8) as new:
        for one in old.namelist():
            new.writestr(one, content if one == name else old.read(one))
    return kept.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "没有内容"),
        (b"\xff\xff\xff", "文字编码"),
        (b"a,b\n1\x002,3\n", "空字符"),
        ('姓名\n"甲'.encode(), "引号"),
        ("姓名,姓名\n".encode(), "两列"),
        ("姓名\n甲,乙\n".encode(), "列数"),
        (("姓名\n" + "长" * 2001).encode(), "字"),
        (b"\xd0\xcf\x11\xe0 old", ".xls"),
        (b"x" * (MOST_BYTES + 1), "MB"),
        (("姓名\n" + "甲\n" * 20_001).encode(), "行"),
        (repacked("xl/workbook.xml", b'<!DOCTYPE x [<!ENTITY a "b">]><x/>'), "DOCTYPE"),
        (repacked("xl/workbook.xml", b" " * 70_000_000), "过大"),
        (b"PK\x03\x04 not a zip", "工作簿"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_register_is_refused_by_name(data, words):
    with pytest.raises(UnreadableFile, match=words):
        read_table(data)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-05", "2026-03-05"), ("2026/3/5", "2026-03-05"), ("2026.3.5", "2026-03-05"),
        ("2026年3月5日", "2026-03-05"), ("20260305", "2026-03-05"), ("2026-02-30", "None"), ("今天", "None"),
        ("2026-03-05 00:00:00", "2026-03-05"),
    ],
)  # fmt: skip
def test_days_as_offices_write_them(text, expected):
    assert str(day_of(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("一年六个月", Sentence(1, 6)), ("1年6个月", Sentence(1, 6)), ("十八个月", Sentence(0, 18)),
        ("二十四个月", Sentence(0, 24)), ("2年", Sentence(2, 0)), ("两年", Sentence(2, 0)),
        ("十年零二个月", Sentence(10, 2)),
        ("很久", None), ("", None), ("十二十年", None),
    ],
)  # fmt: skip
def test_lengths_as_documents_write_them(text, expected):
    assert length_of(text) == expected
