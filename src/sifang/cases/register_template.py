"""The template of a register: an Excel workbook with the titles, an example, choices, and a help sheet."""

import io

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from sifang.cases.register_columns import COLUMNS
from sifang.cases.register_rows import SENTENCES, SEXES, TYPES

NEEDED = PatternFill("solid", fgColor="DCE6F5")
CHOICES = {
    "sex": tuple(SEXES),
    "type": tuple(TYPES),
    "sentence_kind": SENTENCES,
    "several_crimes": ("是", "否"),
}
LINES = 5000  # rows that are formatted as text, with choices
NOTES = (
    "标题带 * 的列必填，列的次序不限；不认识的列不导入。",
    "先核对、后导入：有一行错误，整个文件一行也不导入。",
    "编号和文书号都已在册的行不改动；同一个文件再次导入，什么也不改动。",
    "只能导入本县区执行的对象；公式不计算，按文字保存。",
    "接管之日起，矫正小组、矫正方案、报告等应办事项从当日开始计算；以前的办理情况不会被当作本系统的办理记录。",
    "示例行（李某某）请删除。",
)


def template() -> bytes:
    """Return the workbook; all cells are text, so that numbers keep their last digits."""
    book = Workbook()
    _fill(book.active)
    _explain(book.create_sheet("填写说明"))
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def _fill(sheet: Worksheet) -> None:
    sheet.title = "登记册"
    sheet.append([f"{one.title}*" if one.is_needed else one.title for one in COLUMNS])
    sheet.append([one.example for one in COLUMNS])
    sheet.freeze_panes = "C2"
    for place, one in enumerate(COLUMNS, 1):
        letter = get_column_letter(place)
        sheet.column_dimensions[letter].width = max(12, 2 * len(one.title) + 4)
        sheet.column_dimensions[letter].number_format = "@"
        head = sheet.cell(1, place)
        head.font = Font(bold=True)
        sheet.cell(2, place).number_format = "@"
        if one.is_needed:
            head.fill = NEEDED
        if one.key in CHOICES:
            rule = DataValidation(type="list", formula1=f'"{",".join(CHOICES[one.key])}"', allow_blank=True)
            rule.add(f"{letter}2:{letter}{LINES}")
            sheet.add_data_validation(rule)


def _explain(sheet: Worksheet) -> None:
    sheet.append(["列", "必填", "填写方法", "示例"])
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for one in COLUMNS:
        sheet.append([one.title, "是" if one.is_needed else "", one.help, one.example])
    sheet.append([])
    for note in NOTES:
        sheet.append([note])
    for letter, width in (("A", 24), ("B", 8), ("C", 60), ("D", 30)):
        sheet.column_dimensions[letter].width = width
    for row in sheet.iter_rows(min_col=3, max_col=3):
        row[0].alignment = Alignment(wrap_text=True, vertical="top")
