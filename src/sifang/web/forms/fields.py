"""The asks of a row as fields of a page, and what a page sends back as the answers the row reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from sifang.cases.models import Act, Case, Proceeding
from sifang.law.procedure import Ask, Step
from sifang.people.models import Agency, AgencyKind, Level

FEW = 6  # so many choices stand as buttons, more as a list
PEOPLE = ("name", "kind", "sex", "versed")
ROWS, MORE = 3, 3
CUSTODY = (AgencyKind.PRISON, AgencyKind.DETENTION_CENTRE)
# what proves a ground of positioning (社区矫正法29条); the others are breaches that were stopped
PROOFS = {"order_breach": "prohibition"}
ESTABLISHED = ("established", "registered")


@dataclass(frozen=True)
class Choice:
    """One thing to choose."""

    value: str
    words: str


@dataclass(frozen=True)
class Field:
    """One ask with what was given so far and what is wrong with it."""

    ask: Ask
    given: Any
    error: str
    choices: tuple[Choice, ...] = ()
    people: tuple[Mapping[str, str], ...] = ()

    @property
    def as_list(self) -> bool:
        """Whether the choices are too many for buttons."""
        return len(self.choices) > FEW

    @property
    def described(self) -> str:
        """Ids of help and error, for who listens to the page."""
        ids = [f"h-{self.ask.key}"] if self.ask.help else []
        return " ".join([*ids, f"e-{self.ask.key}"] if self.error else ids)


def fields(
    step: Step,
    given: Mapping[str, Any],
    errors: Mapping[str, str],
    case: Case | None,
    *,
    run: Proceeding | None = None,
    more: str = "",
) -> list[Field]:
    """Return the fields of a row; `more`: the list of people that wants further lines.

    `case` None: a form outside any case, whose asks carry their choices.
    """
    return [
        Field(
            ask=ask,
            given=given.get(ask.key, ""),
            error=errors.get(ask.key, ""),
            choices=_choices(ask, case, run),
            people=_lines(given.get(ask.key), more == ask.key) if ask.kind == "people" else (),
        )
        for ask in step.asks
    ]


def _choices(ask: Ask, case: Case | None, run: Proceeding | None) -> tuple[Choice, ...]:
    match ask.kind:
        case "choice":
            return tuple(Choice(value, words) for value, words in ask.choices)
        case "agency" if case is not None:
            return agencies(ask.of, case, run)
        case "record" if case is not None:
            return records(ask.of, case)
        case _:
            return ()


def agencies(kind: str, case: Case, run: Proceeding | None = None) -> tuple[Choice, ...]:
    """Return the agencies that may stand here: other counties, bodies of custody, the county's own offices.

    In a change of place the offices are those of the new county.
    """
    found = Agency.objects.order_by("area_code", "name")
    if kind == "county":
        found = found.filter(kind=AgencyKind.JUSTICE_BUREAU, level=Level.COUNTY)
        found = found.exclude(id=case.person.county_agency_id)
    elif kind == "custody":
        found = found.filter(kind__in=CUSTODY)
    elif kind == "office":
        county = (run.other_agency_id if run else None) or case.person.county_agency_id
        found = found.filter(kind=AgencyKind.JUSTICE_OFFICE, parent_id=county)
    return tuple(Choice(str(one.id), one.name) for one in found)


def records(of: str, case: Case) -> tuple[Choice, ...]:
    """Return the records of this case that can prove `of`, newest first; the row itself judges again."""
    found = Act.objects.filter(case=case).select_related("proceeding", "officer").order_by("-at")
    if of:
        found = found.filter(
            procedure=PROOFS.get(of, "stop_breach"), proceeding__state__in=ESTABLISHED
        ).exclude(officer=None)
    return tuple(
        Choice(str(one.id), f"{one.day.isoformat()} {one.title}（{one.article}）") for one in found[:60]
    )


def _lines(given: Any, wants_more: bool) -> tuple[Mapping[str, str], ...]:
    there = [dict(row) for row in given or []]
    empty: dict[str, str] = dict.fromkeys(PEOPLE, "")
    missing = max(0, ROWS - len(there)) + (MORE if wants_more else 0)
    return tuple(there + [empty] * missing)


def posted(step: Step, form: QueryDict) -> dict[str, Any]:
    """Return what a form says, ask by ask; lists of people as rows."""
    return {
        ask.key: _people(ask.key, form) if ask.kind == "people" else form.get(ask.key, "")
        for ask in step.asks
    }


def _people(key: str, form: QueryDict) -> list[dict[str, str]]:
    """Rows members-0-name, members-0-kind …; those without any word are left out."""
    rows = []
    for number in range(60):
        row = {part: form.get(f"{key}-{number}-{part}", "").strip()[:60] for part in PEOPLE}
        if f"{key}-{number}-name" not in form:
            break
        if row["name"] or row["kind"]:
            rows.append(row)
    return rows
