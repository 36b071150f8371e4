"""Asking anew who somebody is, before what is delicate: what the guard calls, and what a proof leads to."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, current_app, make_response, request, url_for
from werkzeug.exceptions import HTTPException

from portal.core import sent
from portal.core.fragments import go, page, wants_fragment
from portal.core.permissions import access_of
from portal.core.scope import Scope
from portal.extensions import csrf
from portal.identity.factors import demands
from portal.identity.factors.operations import Outcome
from portal.identity.factors.views import proving
from portal.identity.factors.views.challenge import give_up
from portal.identity.models import User
from portal.identity.views.parts import home_of, local_page, me, stored

ASK = "X-Step-Up"  # a fragment cannot ask by itself: the page's script opens a dialog at this address, then asks again
DONE = "stepped-up"


def init(app: Flask) -> None:
    """Tell the guard how to ask."""
    app.extensions["ask_to_prove"] = ask
    sent.read_by_guard(proving.PREFIX)


def ask(at_work: Scope) -> Response | None:
    """What the guard answers in place of the page; None where it may be shown all the same.

    A page that was asked for is led back to. A form is carried along, so that nothing typed is lost: the page that asks
    posts it again, together with the proof. The script of a page that asks for a fragment does the like in a dialog.
    """
    user = me()
    if not demands.must_prove(user):
        return None
    if wants_fragment():
        answer = make_response("", 403)
        answer.headers[ASK] = url_for("identity.step_up", next=_page_at_hand() or None)
        return answer
    if request.method == "GET":
        return go(url_for("identity.step_up", next=local_page(request.full_path.rstrip("?"))))
    csrf.protect()  # the guard comes before it: nobody else's form is carried along, and no proof of it is tried
    return _carry(user)


def _page_at_hand() -> str:
    """The page into which a fragment was to go."""
    shown = urlsplit(request.headers.get("HX-Current-URL", ""))
    return local_page(f"{shown.path}?{shown.query}".rstrip("?"))


def _carry(user: User) -> Response | None:
    offered = proving.offer(user, at="step_up")
    shown = offered.shown | {"carried": _carried(), "carries": True, "prove_at": request.full_path.rstrip("?")}
    if not proving.is_posted():
        return page("identity/factors/step_up.html", status=403, **shown)
    tried = proving.tried(user, offered)
    if tried.outcome is Outcome.RIGHT:
        stored().prove()
        return None
    if tried.outcome is Outcome.OVER:
        return give_up(user)
    return page("identity/factors/step_up.html", status=422, **(shown | tried.shown))


def _carried() -> list[tuple[str, str]]:
    """What was typed, without its token, proofs and passwords, which are typed anew."""
    left_out = ("csrf_token", proving.PREFIX)
    held = [(name, value) for name in request.form for value in request.form.getlist(name)]
    return [(name, value) for name, value in held if not name.startswith(left_out) and "password" not in name]


def proved(target: str | None) -> Response:
    """The person proved to be themself: the same session under a new token, and on to `target`, a page of ours.

    A file would leave the browser on the page that asked: it gets a page with its link.
    """
    stored().prove()
    if wants_fragment():
        answer = make_response("", 204)
        answer.headers["HX-Trigger"] = DONE
        return answer
    leads_to = local_page(target) or home_of(me().role)
    path = urlsplit(leads_to).path
    name = path.rpartition("/")[2]
    if "." not in name:
        return go(leads_to)
    return page("identity/factors/stepped.html", file=leads_to, name=name, around=_page_around(path))


def _page_around(path: str) -> str:
    """The page on which a file's link stands: the nearest address above it at which there is one."""
    adapter = current_app.url_map.bind("")
    while path := path.rpartition("/")[0]:
        try:
            endpoint, _ = adapter.match(path, method="GET")
        except HTTPException:
            continue
        declared = access_of(current_app.view_functions[endpoint])
        if declared is not None and declared.permission is not None:
            return path
    return home_of(me().role)
