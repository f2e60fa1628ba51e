"""Documents: each kind renders, reads as text, is an archive format, and never prints an empty box."""

import re
import zlib
from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest

from sifang.cases.documents import fonts
from sifang.cases.documents.catalogue import NoSuchDocument, all_kinds, kind_of
from sifang.cases.documents.content import Answer, content_for
from sifang.cases.documents.errors import FieldMissing, NoGlyph
from sifang.cases.documents.render import TEMPLATES, render
from sifang.cases.documents.wording import (
    citation_words,
    number_words,
    numeral,
    short_name,
    spelled_out,
    value_words,
)
from sifang.cases.tests.document_samples import ZHANG, content_of, facts_for
from sifang.law.documents import TITLES
from sifang.law.procedure import Procedure, Step
from sifang.law.procedures import all_editions

KINDS = list(all_kinds())


def text_of(pdf: bytes) -> str:
    """Return the text of all pages without white space."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        pages = [page.get_textpage().get_text_range() for page in document]
    finally:
        document.close()
    return re.sub(r"\s", "", "".join(pages))


def test_the_catalogue_holds_every_document_that_the_tables_name():
    assert set(KINDS) == set(TITLES)
    assert {path.stem for path in TEMPLATES.glob("*.typ")} == {*KINDS, "base"}


def reaches(procedure: Procedure, state: str, without: set[str]) -> bool:
    """Whether a course comes to `state` by rows that do not ask for any of `without`."""
    seen, frontier = {procedure.start}, [procedure.start]
    while frontier:
        here = frontier.pop()
        for step in procedure.rows_from(here):
            there = procedure.after(step, here)
            if there not in seen and not without & {ask.key for ask in step.asks if ask.required}:
                seen.add(there)
                frontier.append(there)
    return state in seen


def gives(procedure: Procedure, step: Step, keys: set[str]) -> bool:
    """Whether the row asks for one of these, or no course comes to it without having answered one.

    Within one state, a condition may stand for the answer: it asks for what the answering row left.
    """
    if keys & {ask.key for ask in step.asks if ask.required} or not reaches(procedure, step.frm, keys):
        return True
    conditions = {part.fact.key for part in step.given.parts} if step.given else set()
    answering = [one for one in procedure.steps if keys & {ask.key for ask in one.asks if ask.required}]
    return any(conditions & {made.key for made in (*one.sets, *one.asks)} for one in answering)


def test_every_step_that_makes_a_document_gives_what_the_document_needs():
    lacking = []
    for procedure in all_editions():
        for step in procedure.steps:
            for kind in map(kind_of, {*step.documents, *(duty.document for duty in step.duties)} - {""}):
                lacking += [
                    (procedure.name, step.name, kind.id, need.key)
                    for need in kind.needs
                    if need.required and not gives(procedure, step, {need.key, *need.others})
                ]
                if kind.reasons and not step.reasons:
                    lacking.append((procedure.name, step.name, kind.id, "reasons"))
    assert lacking == []


def test_a_fact_in_code_is_not_printed():
    given = facts_for("release_certificate")
    act = replace(given.act, answers=(), facts={"ground": "served_out", "released_on": "2026-11-24"})
    fields = content_for("release_certificate", replace(given, act=act))["fields"]
    assert fields == {"released_on": "2026年11月24日", "ground": ""}


def test_the_guide_lists_every_kind_with_its_mark():
    guide = (Path(__file__).resolve().parents[4] / "docs/guide/documents.md").read_text()
    for kind in all_kinds().values():
        row = next(line for line in guide.splitlines() if line.startswith(f"| `{kind.id}` "))
        assert f"| {kind.title} | {kind.made_by.value} |" in row
        assert row.endswith(f"| 矫{kind.word} | {kind.mark} |")


def test_no_two_kinds_share_the_letters_of_their_numbers():
    words = [kind.word for kind in all_kinds().values()]
    assert len(set(words)) == len(words)


@pytest.mark.parametrize("kind_id", KINDS)
def test_every_kind_renders_and_reads_as_text(kind_id):
    content = content_of(kind_id)
    pdf = render(kind_id, content, draft=False)
    text = text_of(pdf)
    assert re.sub(r"\s", "", content["title"]) in text
    assert content["number"] in text
    assert content["verification"] in text
    assert "尚未完成四方见证" in text
    assert "参考格式" in text
    assert "预览" not in text
    assert "\ufffd" not in text
    for to in content["to"]:
        if to.strip():
            assert to in text
    for copy in content["copies"]:
        assert copy in text


@pytest.mark.parametrize("kind_id", KINDS)
def test_every_answer_stands_in_the_document(kind_id):
    kind = kind_of(kind_id)
    answers = [Answer(need.key, need.label, f"填写{number}号") for number, need in enumerate(kind.needs)]
    answers.append(Answer("something_else", "另外一项", "另外一项的内容"))
    given = facts_for(kind_id)
    given = replace(given, act=replace(given.act, answers=tuple(answers)))
    text = text_of(render(kind_id, content_for(kind_id, given), draft=False))
    unsaid = [answer.words for answer in answers if answer.shown not in text]
    assert unsaid == []


@pytest.mark.parametrize("kind_id", KINDS)
def test_what_the_pen_fills_may_be_missing_what_the_document_says_may_not(kind_id):
    kind = kind_of(kind_id)
    given = facts_for(kind_id)
    required = tuple(
        one for one in given.act.answers if any(need.required and need.key == one.key for need in kind.needs)
    )
    assert render(
        kind_id, content_for(kind_id, replace(given, act=replace(given.act, answers=required))), draft=True
    )
    for one in required:
        less = tuple(other for other in required if other is not one)
        with pytest.raises(FieldMissing, match=re.escape(one.words)):
            content_for(kind_id, replace(given, act=replace(given.act, answers=less)))
    if kind.reasons:
        with pytest.raises(FieldMissing, match="理由"):
            content_for(kind_id, replace(given, act=replace(given.act, reasons=" ")))
    if kind.about_person:
        with pytest.raises(FieldMissing, match="社区矫正对象"):
            content_for(kind_id, replace(given, person=None))


def test_the_same_content_gives_the_same_bytes_in_the_archive_format():
    content = content_of("leave_notice")
    pdf = render("leave_notice", content, draft=False)
    assert render("leave_notice", content, draft=False) == pdf
    metadata = pdf if b"pdfaid" in pdf else b"".join(_streams(pdf))
    assert re.search(rb"pdfaid:part>2<", metadata)
    assert re.search(rb"pdfaid:conformance>B<", metadata)


def _streams(pdf: bytes) -> list[bytes]:
    found = []
    for match in re.finditer(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        try:
            found.append(zlib.decompress(match[1]))
        except zlib.error:
            continue
    return found


def test_a_preview_says_on_its_page_that_it_is_one():
    content = content_of("release_certificate")
    draft = text_of(render("release_certificate", {**content, "number": "", "verification": ""}, draft=True))
    assert "预览·未签发" in draft
    assert "文号于签发时编定" in draft


def test_rare_characters_of_names_are_drawn_without_a_font_of_the_machine():
    person = replace(ZHANG, name="𬱖䶮犇煊堃镕")
    text = text_of(render("leave_notice", content_of("leave_notice", person=person), draft=False))
    assert person.name in text


def test_only_packaged_fonts_are_in_the_document():
    pdf = render("intake_declaration", content_of("intake_declaration"), draft=False)
    names = set(re.findall(rb"/BaseFont/[A-Z]{6}\+(\w+)", pdf.replace(b" ", b"")))
    names |= {name for stream in _streams(pdf) for name in re.findall(rb"/BaseFont/[A-Z]{6}\+(\w+)", stream)}
    assert names
    assert names <= {b"SifangSong", b"SifangSongRare", b"SifangHei"}


def test_a_character_that_no_font_draws_is_named_before_the_document_is_made():
    person = replace(ZHANG, name="张\U000313f9")
    with pytest.raises(NoGlyph, match=r"U\+313F9"):
        render("leave_notice", content_of("leave_notice", person=person), draft=False)


def test_templates_use_only_characters_that_are_drawn():
    for path in TEMPLATES.glob("*.typ"):
        assert fonts.undrawable(path.read_text()) == [], path.name


def test_what_an_officer_types_is_never_read_as_a_template():
    given = facts_for("leave_refusal")
    typed = '#panic("x") *粗* $x^2$ <b> @ref #sys.inputs \\ "；" https://a.cn/*'
    text = text_of(
        render(
            "leave_refusal",
            content_for("leave_refusal", replace(given, act=replace(given.act, reasons=typed))),
            draft=False,
        )
    )
    assert typed.replace(" ", "") in text


def test_a_letter_that_concerns_nobody_names_nobody():
    text = text_of(
        render("delegation_letter", content_of("delegation_letter", person=None, order=None), draft=False)
    )
    assert "七日以内的外出审批" in text
    assert "历下区泉城路司法所：" in text
    assert "张三" not in text


def test_an_unknown_kind_is_refused():
    with pytest.raises(NoSuchDocument, match="warrant"):
        render("warrant", {}, draft=True)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (5, "五"),
        (10, "十"),
        (12, "十二"),
        (20, "二十"),
        (27, "二十七"),
        (100, "一百"),
        (105, "一百〇五"),
        (110, "一百一十"),
        (543, "五百四十三"),
    ],
)
def test_numbers_of_articles_are_written_out(number, words):
    assert numeral(number) == words


def test_citations_become_the_titles_of_the_laws():
    assert citation_words("社区矫正法27条、办法27条2款") == (
        "《中华人民共和国社区矫正法》第二十七条、《社区矫正法实施办法》第二十七条第二款"
    )
    assert citation_words("社区矫正法29条1款1项") == "《中华人民共和国社区矫正法》第二十九条第一款第一项"
    assert citation_words("办法27条、办法28条") == "《社区矫正法实施办法》第二十七条、第二十八条"


def test_citations_within_a_text_are_spelled_out():
    remedy = "也可以向人民检察院申诉（社区矫正法34条）"
    assert spelled_out(remedy) == "也可以向人民检察院申诉（《中华人民共和国社区矫正法》第三十四条）"


def test_no_sentence_ends_twice():
    given = facts_for("move_answer")
    answers = tuple(replace(one, shown=f"{one.words}已经核实。") for one in given.act.answers)
    content = content_for("move_answer", replace(given, act=replace(given.act, answers=answers)))
    assert "。。" not in text_of(render("move_answer", content, draft=False))


def test_values_are_printed_in_the_words_of_a_document():
    assert value_words("2026-11-24") == "2026年11月24日"
    assert value_words("2026-11-24T01:05:00+00:00") == "2026年11月24日9时05分"
    assert value_words(value=True) == "是"
    assert (
        value_words([{"name": "李所", "relation": "组长"}, {"name": "周某", "sex": "m"}])
        == "李所（组长）；周某"
    )
    assert value_words(None) == ""


@pytest.mark.parametrize(
    ("agency", "short"),
    [
        ("历下区司法局", "历下"),
        ("历下区人民法院", "历下法"),
        ("济南市历下区社区矫正管理局", "济南历下"),
        ("济南市司法局", "济南"),
        ("市中区司法局", "市中"),
        ("济南市市中区司法局", "济南市中"),
        ("平阴县司法局", "平阴"),
        ("泉城路司法所", "泉城路司"),
        ("山东省济南监狱", "山东省济南监"),
        ("司法局", "司法局"),
    ],
)
def test_the_short_name_of_an_agency(agency, short):
    assert short_name(agency) == short


def test_the_number_of_a_document():
    assert number_words("历下区司法局", "外", 2026, 1) == "〔2026〕历下矫外字第0001号"
