"""The tables of cases: the course of one order, its acts, what they say to whom, and what is expected."""

from sifang.cases.models.case import Case, Expectation, Stage
from sifang.cases.models.course import Act, Edition, EditionRow, Proceeding
from sifang.cases.models.papers import Dispatch, DispatchState, Document, DocumentCounter

__all__ = [
    "Act",
    "Case",
    "Dispatch",
    "DispatchState",
    "Document",
    "DocumentCounter",
    "Edition",
    "EditionRow",
    "Expectation",
    "Proceeding",
    "Stage",
]
