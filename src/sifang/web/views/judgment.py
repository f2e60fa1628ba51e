"""衔接: a judgment in force is entered by who decided; the county registers who comes without papers."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from sifang.cases.answers import read_answers
from sifang.cases.errors import BadAnswers
from sifang.cases.reception import register_without_papers
from sifang.kernel.errors import BeyondPower, NotFound, Refused, SifangError
from sifang.kernel.time import legal_day, utc_now
from sifang.law.procedure import Step
from sifang.people.access import Purpose, access_person_by_number, acting
from sifang.people.errors import TermMismatch
from sifang.people.models import Agency, Order, OrderType, Person, Role
from sifang.people.services import complete_papers, next_number, register_judgment
from sifang.web.alarm_file import ReadNote
from sifang.web.forms import judgment
from sifang.web.forms.act_form import BROKEN, Refusal, refusal
from sifang.web.forms.fields import fields, posted
from sifang.web.gate import room
from sifang.web.rooms import CASES
from sifang.web.shell import Viewer

ENTERS = frozenset({Role.JUDGE, Role.CUSTODY_OFFICER, Role.POLICE_OFFICER})


@require_http_methods(["GET", "POST"])
@room(None, *CASES)
def new(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """Enter a judgment in force (who decided), or register who came without papers (the county)."""
    body = viewer.agency
    if body is None:
        raise NotFound
    by_county = viewer.has(Role.COUNTY_OFFICER)
    if not by_county and not viewer.roles & ENTERS:
        raise BeyondPower(owner="社区矫正决定机关", article="社区矫正法20条")
    kinds = tuple(OrderType) if by_county else judgment.TYPES_OF.get(body.kind, ())
    kind = wanted_kind(request, kinds)
    if kind is None:
        return render(request, "sifang/judgment_kind.html", {"kinds": kinds, "by_county": by_county})
    form = judgment.receiving(kind, body) if by_county else judgment.entering(kind)
    context: dict[str, Any] = {"kind": kind, "by_county": by_county, "body": body, "back": "/handover/new"}
    given = posted(form, request.POST)
    if request.method == "GET":
        return page(request, form, context, given, {}, Refusal({}, "", 200))
    answers = read(form, given)
    if isinstance(answers, Refusal):
        return page(request, form, context, given, {}, answers)
    if "count" in request.POST or (not by_county and differs(kind, answers, body, request)):
        return page(request, form, context, given, answers, Refusal({}, "", 200))
    done = receive(viewer, kind, answers, body) if by_county else enter(viewer, kind, answers, body)
    if isinstance(done, Refusal):
        return page(request, form, context, given, answers, done)
    number, step = done
    messages.success(
        request, f"已登记：{answers['name']}，编号 {number}。下一步在这里办理。", extra_tags="good"
    )
    return redirect(f"/persons/{quote(number)}/do/{step}")


def wanted_kind(request: HttpRequest, kinds: tuple[OrderType, ...]) -> OrderType | None:
    """The type of order of the address; None while it is to be chosen."""
    asked = request.GET.get("type", "")
    if asked in set(kinds):
        return OrderType(asked)
    return kinds[0] if len(kinds) == 1 else None


def read(form: Step, given: Mapping[str, Any]) -> dict[str, Any] | Refusal:
    """Return the answers, or what is wrong by field."""
    try:
        return read_answers(form, given, {}, judgment.NOBODY)
    except BadAnswers as error:
        return refusal(error)


def differs(kind: OrderType, answers: Mapping[str, Any], body: Agency, request: HttpRequest) -> bool:
    """Whether the document's term departs from the computed one, and nobody has said that he saw it."""
    if request.POST.get("seen"):
        return False
    try:
        shown = judgment.term_shown(judgment.paper_of(kind, answers, body))
    except SifangError:
        return False  # what is missing is said by the service
    return bool(shown and shown.mismatches)


def enter(
    viewer: Viewer, kind: OrderType, answers: Mapping[str, Any], body: Agency
) -> tuple[str, str] | Refusal:
    """Enter the judgment; return the person's number and the next rightful step."""
    county = Agency.objects.get(id=UUID(answers["county"]))
    try:
        paper = judgment.paper_of(kind, answers, body)
        with acting(viewer.officer, Purpose.RECEPTION):
            order = register_judgment(viewer.officer, judgment.person_of(answers, county), paper)
            return order.person.number, "handover/notify"
    except SifangError as error:
        return refusal(error)


def receive(
    viewer: Viewer, kind: OrderType, answers: Mapping[str, Any], county: Agency
) -> tuple[str, str] | Refusal:
    """Register who came without papers; return the county's number and the next rightful step."""
    try:
        paper = judgment.paper_of(kind, answers, decider(answers), computed=False)
        with acting(viewer.officer, Purpose.RECEPTION):
            number = next_number(county, legal_day(utc_now()))
            facts = judgment.person_of(answers, county, number=number)
            register_without_papers(viewer.officer, facts, paper)
    except SifangError as error:
        return refusal(error)
    return number, "intake/arrive" if kind is OrderType.OUTSIDE_PRISON else "intake/report"


def decider(answers: Mapping[str, Any]) -> Agency:
    """The body that decided, as chosen in the form."""
    return Agency.objects.get(id=UUID(answers["decided_by"]))


def page(  # noqa: PLR0917 (form, context, what was given and read, what is wrong)
    request: HttpRequest,
    form: Step,
    context: dict[str, Any],
    given: Mapping[str, Any],
    answers: Mapping[str, Any],
    wrong: Refusal,
) -> HttpResponse:
    """The form with what was filled in; computed term, recipients and clocks as far as they follow."""
    kind, body = context["kind"], context["body"]
    known = answers or {key: given[key] for key in ("county",) if given.get(key)}
    place = context.get("place") or place_of(known, body, by_county=context["by_county"])
    shown, missing = None, ""
    if answers:
        try:
            source = decider(answers) if "decided_by" in answers else body
            paper = judgment.paper_of(kind, answers, source, computed=not context["by_county"])
            shown = judgment.term_shown(paper)
        except SifangError as error:
            missing = str(error)
    who = body
    if context["by_county"]:
        who = decider(answers) if answers else None
    start = judgment.beginning(kind, answers, who, place)
    all_fields = fields(form, given, wrong.errors, None)
    return render(
        request,
        "sifang/judgment.html",
        context
        | {
            "fields": all_fields,
            "form": wrong,
            "shown": shown,
            "missing": missing,
            "begin": start,
            "counted": bool(answers),
        },
        status=wrong.status,
    )


def place_of(answers: Mapping[str, Any], body: Agency, *, by_county: bool) -> Agency | None:
    """The county named as the place; of the county's own form itself."""
    if by_county:
        return body
    try:
        return Agency.objects.filter(id=UUID(answers.get("county", ""))).first()
    except ValueError:
        return None


@require_http_methods(["GET", "POST"])
@room(None, *CASES)
def papers(request: HttpRequest, viewer: Viewer, number: str) -> HttpResponseBase:
    """Put in what the papers say that were missing when the person was received (办法16条); once."""
    purpose = Purpose.RECEPTION
    person = access_person_by_number(viewer.officer, number, purpose)
    with acting(viewer.officer, purpose):
        order = pending_order(person)
    if (
        viewer.agency is None
        or not viewer.has(Role.COUNTY_OFFICER)
        or viewer.agency.id != person.county_agency_id
    ):
        raise BeyondPower(owner=person.county_agency.name, article="社区矫正法22条")
    kind = OrderType(order.type)
    form = judgment.completing(kind)
    context: dict[str, Any] = {
        "kind": kind,
        "by_county": False,
        "body": order.decided_by,
        "place": person.county_agency,
        "person": person,
        "order": order,
        "read": ReadNote(utc_now(), purpose.title, purpose.article),
        "back": f"/persons/{quote(number)}",
    }
    if request.method == "GET":
        return page(request, form, context, as_known(order), {}, Refusal({}, "", 200))
    given = posted(form, request.POST)
    answers = read(form, given)
    if isinstance(answers, Refusal):
        return page(request, form, context, given, {}, answers)
    if "count" in request.POST:
        return page(request, form, context, given, answers, Refusal({}, "", 200))
    try:
        paper = judgment.paper_of(kind, answers, decider(answers))
        with acting(viewer.officer, purpose):
            complete_papers(viewer.officer, order, paper, resolved=answers.get("resolved", ""))
    except TermMismatch as error:
        wrong = Refusal({"resolved": "期限与计算不一致：核对文书后写明理由"}, str(error), error.status)
        return page(request, form, context, given, answers, wrong)
    except SifangError as error:
        if error.status >= BROKEN:
            raise
        return page(request, form, context, given, answers, refusal(error))
    messages.success(request, f"已补登法律文书：{person.name}。", extra_tags="good")
    return redirect(f"/persons/{quote(number)}")


def pending_order(person: Person) -> Order:
    """The order whose papers are pending. Raises Refused where there is none."""
    found = Order.objects.select_related("decided_by", "person__county_agency").filter(
        person=person, papers_pending=True
    )
    order = found.first()
    if order is None:
        raise Refused(reason="没有待补的法律文书。")
    return order


def as_known(order: Order) -> dict[str, Any]:
    """What was registered on hearsay, to be compared with the papers."""
    days = ("document_date", "effective_on", "term_start", "term_end", "prohibition_until")
    found: dict[str, Any] = {name: getattr(order, name) for name in days}
    known = {name: value.isoformat() if value else "" for name, value in found.items()}
    return known | {
        "decided_by": str(order.decided_by_id),
        "document_no": order.document_no,
        "prohibition": order.prohibition,
    }
