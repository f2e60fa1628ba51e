"""The door of a view: signed in, with a role for the room. Outsiders see what anybody sees of nothing."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect

from sifang.kernel.errors import NotFound, SifangError
from sifang.web.rooms import Room
from sifang.web.shell import Viewer, viewer_of
from sifang.web.views.errors import wants_json

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, Viewer, P], HttpResponseBase]
Plain = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


class SignInNeeded(SifangError):
    """请先登录。"""

    code, status = "sign_in_needed", 401


def room(of: Room | None, *roles: str) -> Callable[[View[P]], Plain[P]]:
    """Let in who may enter the room (or holds one of `roles`); hand the view its Viewer.

    Not signed in → sign-in page (401 as JSON). Signed in without the role → the page of absence.
    """
    allowed = (of.roles if of else frozenset()) | frozenset(roles)

    def wrap(view: View[P]) -> Plain[P]:
        @wraps(view)
        def inner(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            viewer = viewer_of(request)
            if viewer is None:
                if wants_json(request):
                    raise SignInNeeded
                return redirect(f"/signin?next={request.path}")
            if allowed and not viewer.roles & allowed:
                raise NotFound
            request.sifang_room = of.key if of else ""  # type: ignore[attr-defined]
            return view(request, viewer, *args, **kwargs)

        return inner

    return wrap
