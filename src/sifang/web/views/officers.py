"""管理: accounts of officers, for the security administrator; a one-time password is shown once.

No person under correction is on this page. Who is opened, reset and by whom stands in the ledger.
"""

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.debug import sensitive_post_parameters

from sifang.kernel.errors import BadInput, NotFound
from sifang.kernel.time import utc_now
from sifang.people.accounts import ROLES_OF, agencies_for, open_account, reset_password
from sifang.people.models import Agency, Officer, Role, active_roles
from sifang.web.gate import room
from sifang.web.rooms import OFFICERS
from sifang.web.shell import Viewer
from sifang.web.signin import enrol
from sifang.web.signin.backend import OfficerBackend
from sifang.web.signin.flow import count_failure, has_second_factor, is_locked

SHOWN = 60
OPENED_ROLES = [(role.value, role.label) for roles in ROLES_OF.values() for role in roles]


@sensitive_post_parameters("password")
@room(OFFICERS)
def officers(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """The list by name or sign-in name; POST opens an account or resets one."""
    agencies = agencies_for(viewer.officer)
    errors: dict[str, str] = {}
    made: tuple[Officer, str] | None = None
    if request.method == "POST":
        try:
            made = act(request, viewer.officer, agencies)
        except BadInput as error:
            errors["form"] = str(error)
    query = request.GET.get("q", "").strip()[:40]
    found = Officer.objects.filter(agency__in=agencies, person=None).select_related("agency")
    if query:
        found = found.filter(name__contains=query) | found.filter(username__contains=query.lower())
    now = utc_now()
    rows = [
        {
            "officer": one,
            "roles": "、".join(Role(role).label for role in sorted(active_roles(one, now))),
            "factor": has_second_factor(one),
            "waits": one.password_expires_at,
            "over": one.password_expires_at is not None and one.password_expires_at <= now,
        }
        for one in found.order_by("agency__area_code", "username")[:SHOWN]
    ]
    context = {
        "rows": rows,
        "total": found.count(),
        "query": query,
        "agencies": agencies,
        "roles": OPENED_ROLES,
        "errors": errors,
        "made": made,
        "given": request.POST if errors else {},
        "verb": request.POST.get("verb", ""),
    }
    return render(request, "sifang/officers.html", context, status=400 if errors else 200)


def act(request: HttpRequest, by: Officer, agencies: list[Agency]) -> tuple[Officer, str]:
    """Open or reset; return the account and its one-time password. Raises BadInput, NotFound, BeyondPower."""
    given = request.POST
    if given.get("verb") == "reset":
        return reset(request, by)
    agency = next((one for one in agencies if str(one.id) == given.get("agency")), None)
    if agency is None:
        raise BadInput(reason="请选择机构")
    if given.get("role") not in dict(OPENED_ROLES):
        raise BadInput(reason="请选择岗位")
    username, name = given.get("username", "").strip()[:40], given.get("name", "")[:40]
    return open_account(by, username, name, agency, Role(given["role"]))


def reset(request: HttpRequest, by: Officer) -> tuple[Officer, str]:
    """Reset an account with its colleague at the desk, who types the own password."""
    given = request.POST
    officer = Officer.objects.select_related("agency").filter(username=given.get("username", "")).first()
    if officer is None or officer.person_id is not None:
        raise NotFound
    second, colleague = given.get("second", "").strip()[:40], None
    if not is_locked(request, second):
        colleague = OfficerBackend().authenticate(request, second, given.get("password", "")[:200])
    if colleague is None:
        count_failure(request, second)
        raise BadInput(reason="第二名工作人员的登录名或口令不对。没有重设。")
    word = reset_password(by, officer, second=colleague)
    enrol.forget_factors(officer)
    return officer, word
