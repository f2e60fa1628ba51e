"""The tables of cases: the course of one order, its acts, what they say to whom, and what is expected."""

from sifang.cases.models.case import Case, Expectation, Stage
from sifang.cases.models.course import Act, Edition, EditionRow, Proceeding
from sifang.cases.models.figures import SMALLEST_CELL, MonthFigure
from sifang.cases.models.papers import Dispatch, DispatchState, Document, DocumentCounter
from sifang.cases.models.taken import CaseExport, RegisterImport, TakenDocument, TakenOver

__all__ = [
    "SMALLEST_CELL",
    "Act",
    "Case",
    "CaseExport",
    "Dispatch",
    "DispatchState",
    "Document",
    "DocumentCounter",
    "Edition",
    "EditionRow",
    "Expectation",
    "MonthFigure",
    "Proceeding",
    "RegisterImport",
    "Stage",
    "TakenDocument",
    "TakenOver",
]
