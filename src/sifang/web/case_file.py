"""The course of one case as pages show it: acts, papers, recipients, what is expected; few queries.

Run inside `acting`: row security decides what is seen, and the read of the person was recorded before.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import QuerySet

from sifang.cases.models import Act, Case, Dispatch, DispatchState, Document, Expectation, Proceeding
from sifang.people.models import Agency, Order, Person
from sifang.web.present.answers import named_agencies, named_records

SHOWN = 60  # acts, and again so many with 加载更多
MOST = 600
HELP = ("need", "activity", "education")  # the right column; everything else is supervision
WIDE = ("agency", "officer")


@dataclass(frozen=True)
class Papers:
    """What hangs on a set of acts, by the act's id, and the names that their answers mention."""

    documents: dict[UUID, list[Document]] = field(default_factory=dict)
    sent: dict[UUID, list[Dispatch]] = field(default_factory=dict)
    corrected: dict[UUID, Act] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CaseFile:
    """One case: acts newest first, `total` of them in all; `expected` open, soonest first."""

    case: Case
    runs: list[Proceeding]
    acts: list[Act]
    total: int
    help: list[Act]
    papers: Papers
    expected: list[Expectation]

    @property
    def more(self) -> int:
        """How many acts to show next time; 0 when all are here."""
        return len(self.acts) + SHOWN if self.total > len(self.acts) < MOST else 0

    def run(self, procedure: str) -> Proceeding | None:
        """Return the latest proceeding of a procedure."""
        return next((one for one in self.runs if one.procedure == procedure), None)


def case_of(person: Person, order: Order | None) -> Case | None:
    """Return the case of this order with what its acts are judged by."""
    if order is None:
        return None
    return (
        Case.objects.select_related(
            "person__county_agency__parent", "person__office", "order__decided_by", "order__person"
        )
        .filter(order=order, person=person)
        .first()
    )


def read_case(case: Case, *, limit: int = SHOWN) -> CaseFile:
    """Read a case for the tab 经过."""
    runs = list(case.proceedings.select_related("other_agency").order_by("-started_at", "-id")[:200])
    own = acts_of(case).exclude(procedure__in=HELP)
    acts = list(own[: min(max(limit, SHOWN), MOST)])
    helped = list(acts_of(case).filter(procedure__in=HELP)[: 2 * SHOWN])
    expected = list(
        Expectation.objects.filter(case=case, closed_at=None)
        .select_related("owner")
        .order_by("due_at", "id")[:200]
    )
    return CaseFile(
        case=case,
        runs=runs,
        acts=acts,
        total=own.count(),
        help=helped,
        papers=papers_of([*acts, *helped]),
        expected=expected,
    )


def acts_of(case: Case, *procedures: str) -> QuerySet[Act]:
    """Return the acts of a case, newest first, without the facts on which they were judged."""
    found = Act.objects.filter(case=case).select_related(*WIDE).defer("facts", "after")
    found = found.filter(procedure__in=procedures) if procedures else found
    return found.order_by("-at", "-id")


def papers_of(acts: list[Act]) -> Papers:
    """Return documents, recipients, corrections and names of these acts: five queries at most."""
    ids = [act.id for act in acts]
    if not ids:
        return Papers()
    documents, sent = defaultdict(list), defaultdict(list)
    for paper in Document.objects.filter(act_id__in=ids).defer("pdf", "content").order_by("issued_at", "id"):
        documents[paper.act_id].append(paper)
    for one in (
        Dispatch.objects.filter(act_id__in=ids).select_related("to_agency").order_by("created_at", "id")
    ):
        sent[one.act_id].append(one)
    again = Act.objects.filter(corrects_id__in=ids).defer("facts", "after")
    corrected = {one.corrects_id: one for one in again if one.corrects_id}
    return Papers(documents, sent, corrected, names_in(acts))


def names_in(acts: Iterable[Act]) -> dict[str, str]:
    """Return the words for agencies and records that the answers of these acts name by id."""
    acts = list(acts)
    agencies, records = named_agencies(acts), named_records(acts)
    found = {}
    if agencies:
        found = {
            str(key): name for key, name in Agency.objects.filter(id__in=agencies).values_list("id", "name")
        }
    if records:
        rows = Act.objects.filter(id__in=records).values_list("id", "day", "title")
        found |= {str(key): f"{on:%m-%d} {title}" for key, on, title in rows}
    return found


def documents_of(case: Case) -> list[Document]:
    """Return the documents of a case for the tab 文书, newest first."""
    found = Document.objects.filter(case=case).select_related("act", "agency")
    found = found.defer("pdf", "content", "act__facts", "act__after", "act__answers")
    return list(found.order_by("-issued_at", "-id")[:MOST])


def dispatches_of(case: Case, limit: int) -> list[Dispatch]:
    """Return what went to whom for the tab 往来: what lacks an answer first, then newest first."""
    found = Dispatch.objects.filter(case=case).select_related(
        "from_agency", "to_agency", "answered_by", "document", "act"
    )
    found = found.defer(
        "document__pdf", "document__content", "act__facts", "act__after", "act__answers", "content"
    )
    rows = list(found.order_by("-created_at", "-id")[: min(max(limit, SHOWN), MOST)])
    return sorted(rows, key=lambda one: one.state == DispatchState.ACCEPTED)
