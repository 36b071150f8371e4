"""The challenge between the factors. Only a half-way session is answered; to everybody else it is the sign-in page."""

from __future__ import annotations

from typing import Any

from flask import Response, url_for
from flask_limiter.util import get_remote_address

from portal.core.fragments import go, page
from portal.core.permissions import public
from portal.extensions import limiter
from portal.identity import sessions
from portal.identity.factors import kinds, queries
from portal.identity.factors.operations import Outcome
from portal.identity.factors.views import proving
from portal.identity.forms import SignInForm
from portal.identity.models import User
from portal.identity.views.arriving import go_through
from portal.identity.views.parts import BETWEEN, bp, stored


@bp.get("/login/second")
@public(BETWEEN)
def second() -> Response:
    """Asks for a second factor that the person holds."""
    user = stored().pending_user
    if user is None:
        return go(url_for("identity.login"))
    return _asked(user)


@bp.post("/login/second")
@public(BETWEEN)
@limiter.limit("60 per minute", key_func=get_remote_address)  # each person's attempts are counted besides
def prove_second() -> Response:
    """Begin the session where the proof is right; after too many wrong ones the half-way session ends."""
    user = stored().pending_user
    if user is None:
        return go(url_for("identity.login"))
    with kinds.reading(user) as work:
        allowed = proving.allowed_for(kinds.held_by(work, user), queries.codes_left(work, user)) - {"password"}
    tried = proving.tried(user, at="second", allowed=allowed)
    if tried.outcome is Outcome.RIGHT:
        return go_through()
    if tried.outcome is Outcome.OVER:
        return give_up(user)
    return _asked(user, tried, status=422)


@bp.post("/login/start-over")
@public(BETWEEN)
def start_over() -> Response:
    """End the half-way session; the sign-in page begins anew."""
    if stored().pending_user is not None:
        stored().end()
    return go(url_for("identity.login"))


def give_up(user: User) -> Response:
    """After too many wrong proofs: no session of the person is half-way any longer, and the sign-in page says why."""
    sessions.end_half_way_of(user.id)
    stored().forget()
    return page("identity/login.html", form=SignInForm(formdata=None), told=proving.OVER, status=422)


def _asked(user: User, tried: proving.Tried | None = None, status: int = 200) -> Response:
    with kinds.reading(user) as work:
        held = kinds.held_by(work, user)
        if not held:
            return go(url_for("identity.enrol"))
        shown: dict[str, Any] = kinds.offered(work, user, held)
        shown["allowed"] = proving.allowed_for(held, queries.codes_left(work, user))
    shown |= proving.fresh_forms()
    if tried is not None:
        shown |= {f"{tried.kind}_form": tried.form, "form": tried.form}
    return page("identity/factors/second.html", status=status, at="second", **shown)
