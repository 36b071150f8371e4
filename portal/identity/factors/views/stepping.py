"""Asking anew who somebody is, before what is delicate: what the guard calls, and what a proof leads to."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, request, url_for

from portal.core.fragments import go, wants_fragment
from portal.core.scope import Scope
from portal.identity.factors import demands
from portal.identity.views.parts import home_of, local_page, me, stored


def init(app: Flask) -> None:
    """Tell the guard how to ask."""
    app.extensions["ask_to_prove"] = ask


def ask(at_work: Scope) -> Response | None:
    """The way to the step-up page, which leads back; None for who need not prove anything (a relaxed demo)."""
    if not demands.must_prove(me()):
        return None
    return go(url_for("identity.step_up", next=_back() or None))


def _back() -> str:
    """The page on which the person is: what was asked for, or for a form or a fragment the page around it."""
    if wants_fragment():
        shown = urlsplit(request.headers.get("HX-Current-URL", ""))
        return local_page(f"{shown.path}?{shown.query}".rstrip("?"))
    return local_page(request.full_path.rstrip("?")) if request.method == "GET" else ""


def proved(target: str | None) -> Response:
    """The person proved to be themself: the same session under a new token, and on to `target`, a page of ours."""
    stored().prove()
    return go(local_page(target) or home_of(me().role))
