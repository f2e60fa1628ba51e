"""办理: the form of one act. GET shows what it asks and causes, POST takes it; the person's own under /me."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from sifang.cases.acts import purpose_of
from sifang.cases.models import Act, Case, DispatchState
from sifang.kernel.errors import NotFound
from sifang.kernel.time import SHANGHAI, utc_now
from sifang.law.documents import TITLES
from sifang.people.access import acting
from sifang.web.download import pdf_answer
from sifang.web.forms import act_form
from sifang.web.forms.act_form import ActForm, Refusal, Where
from sifang.web.forms.fields import posted
from sifang.web.gate import room
from sifang.web.rooms import ME, PERSONS
from sifang.web.shell import Viewer
from sifang.web.views.persons import instant


@require_http_methods(["GET", "POST"])
@room(None)
def do(request: HttpRequest, viewer: Viewer, number: str, procedure: str, step: str) -> HttpResponseBase:
    """The form of one step for one person."""
    request.sifang_room = PERSONS.key if viewer.roles & PERSONS.roles else ""  # type: ignore[attr-defined]
    where = act_form.find(viewer, number, procedure, step, proceeding_of(request))
    return answer(request, viewer, where)


@require_http_methods(["GET", "POST"])
@room(ME)
def do_own(request: HttpRequest, viewer: Viewer, procedure: str, step: str) -> HttpResponseBase:
    """What the person may do: applications, reports, consent."""
    if viewer.officer.person_id is None:
        raise NotFound
    where = act_form.find(viewer, "", procedure, step, proceeding_of(request))
    return answer(request, viewer, where)


def proceeding_of(request: HttpRequest) -> UUID | None:
    """The proceeding of the address. Raises NotFound for what is no such number."""
    text = request.GET.get("proceeding", "")
    try:
        return UUID(text) if text else None
    except ValueError:
        raise NotFound from None


def answer(  # noqa: PLR0911 (one line a button)
    request: HttpRequest, viewer: Viewer, where: Where
) -> HttpResponseBase:
    """Show the form, or do what its button says: act, count, preview, more lines for people."""
    if request.method == "GET":
        return page(request, viewer, act_form.show(viewer, where, {}))
    form = request.POST
    given: dict[str, Any] = posted(where.option.step, form)
    given["reasons"], given["at_text"] = form.get("reasons", "")[:4000], form.get("at", "")
    if "more" in form:
        return page(request, viewer, act_form.show(viewer, where, given, more=form["more"]))
    try:
        when = form.get("at", "") if where.option.writes_down else ""  # only what came on paper was earlier
        given["at"] = instant(when) if when else None
    except ValueError:
        wrong = Refusal({"at": "请按 2026-11-23 10:30 的样子填写日期和时刻"}, "", 400)
        return again(request, viewer, where, given, wrong)
    if "preview" in form:
        return previewed(request, viewer, where, given)
    if "count" in form:
        return counted(request, viewer, where, given)
    done = act_form.attempt(viewer, where, given)
    if isinstance(done, Refusal):
        return again(request, viewer, where, given, done)
    messages.success(request, told(viewer, done), extra_tags="good")
    return redirect(onward(request, viewer, done))


def counted(request: HttpRequest, viewer: Viewer, where: Where, given: dict[str, Any]) -> HttpResponseBase:
    """The same form with the sums and the power that follow from what was filled in."""
    read = act_form.count(viewer, where, given)
    if isinstance(read, Refusal):
        return again(request, viewer, where, given, read)
    return page(request, viewer, act_form.show(viewer, where, given, answers=read))


def again(
    request: HttpRequest, viewer: Viewer, where: Where, given: dict[str, Any], wrong: Refusal
) -> HttpResponse:
    """The same form with what was filled in, and what to do about it."""
    form = act_form.show(viewer, where, given, errors=wrong.errors, said=wrong.said)
    return page(request, viewer, form, status=wrong.status)


def page(request: HttpRequest, viewer: Viewer, form: ActForm, *, status: int = 200) -> HttpResponse:
    own = viewer.officer.person_id is not None
    where = form.where
    context = {
        "form": form,
        "own": own,
        "person": where.person,
        "procedure": where.option.procedure,
        "step": where.option.step,
        "option": where.option,
        "read": where.read,
        "next": request.POST.get("next") or request.GET.get("next", ""),
        "back": back(viewer, where.person.number),
        "now_field": f"{utc_now().astimezone(SHANGHAI):%Y-%m-%dT%H:%M}",
    }
    return render(request, "sifang/act_own.html" if own else "sifang/act.html", context, status=status)


def previewed(request: HttpRequest, viewer: Viewer, where: Where, given: dict[str, Any]) -> HttpResponseBase:
    """One document as it would be issued, marked as a preview; nothing remains of it."""
    made = act_form.drafts(viewer, where, given)
    if isinstance(made, Refusal):
        return again(request, viewer, where, given, made)
    wanted = request.POST["preview"]
    found = next(((kind, pdf) for kind, pdf in made if kind == wanted), None)
    if found is None:
        raise NotFound
    return pdf_answer(found[1], f"预览-{TITLES.get(found[0], found[0])}.pdf")


def told(viewer: Viewer, act: Act) -> str:
    """What was done, in one sentence: the act, who was told, which papers were made."""
    with acting(viewer.officer, purpose_of(act.procedure, viewer.officer)):
        sent = act.dispatches.exclude(state=DispatchState.EXPECTED).select_related("to_agency")
        to = list(dict.fromkeys(one.to_agency.name if one.to_agency else one.to_actor for one in sent))
        papers = [f"《{one.title}》{one.number}" for one in act.documents.all()]
    parts = [f"已办理：{act.title}"]
    parts += [f"已送{'、'.join(to)}"] if to else []
    parts += [f"文书{'、'.join(papers)}"] if papers else []
    return "。".join(parts) + "。"


def back(viewer: Viewer, number: str) -> str:
    """Where this viewer comes from: the person's page, the own page, or the first page of the house."""
    if viewer.officer.person_id is not None:
        return "/me"
    return f"/persons/{quote(number)}" if viewer.roles & PERSONS.roles else "/"


def same_house(request: HttpRequest) -> str:
    """The address of ours that the form names to go on to; empty where it names none."""
    wanted = request.POST.get("next", "")
    ours = wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, {request.get_host()})
    return wanted if ours else ""


def onward(request: HttpRequest, viewer: Viewer, act: Act) -> str:
    """Where to go after the act; the person's number may just have changed, or the case gone elsewhere."""
    if wanted := same_house(request):
        return wanted
    with acting(viewer.officer, purpose_of(act.procedure, viewer.officer)):
        case = Case.objects.select_related("person", "order").filter(id=act.case_id).first()
    if case and act.step == "accept_papers" and case.order.papers_pending:
        return f"/persons/{quote(case.person.number)}/papers"  # what they say is still to be registered
    return back(viewer, case.person.number) if case else "/"
