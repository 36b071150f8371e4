"""The challenge between the factors. Only a half-way session is answered; to everybody else it is the sign-in page."""

from __future__ import annotations

from typing import Any

from flask import Response, url_for
from flask_limiter.util import get_remote_address

from portal.core.fragments import go, page
from portal.core.permissions import public
from portal.extensions import limiter
from portal.identity import sessions
from portal.identity.factors.operations import Outcome
from portal.identity.factors.views import proving
from portal.identity.models import User
from portal.identity.standing import TRIES
from portal.identity.views.arriving import go_through
from portal.identity.views.parts import BETWEEN, bp, stored


@bp.get("/login/second")
@public(BETWEEN)
def second() -> Response:
    """Asks for a second factor that the person holds."""
    user = stored().pending_user
    if user is None:
        return go(url_for("identity.login"))
    offered = proving.offer(user, at="second")
    if not offered.held:
        return go(url_for("identity.enrol"))
    return _page(offered.shown)


@bp.post("/login/second")
@public(BETWEEN)
@limiter.limit("60 per minute", key_func=get_remote_address)  # each person's attempts are counted besides
def prove_second() -> Response:
    """Begin the session where the proof is right; after too many wrong ones the half-way session ends."""
    user = stored().pending_user
    if user is None:
        return go(url_for("identity.login"))
    offered = proving.offer(user, at="second")
    if not offered.held:
        return go(url_for("identity.enrol"))
    tried = proving.tried(user, offered)
    if tried.outcome is Outcome.RIGHT:
        answer = go_through()
        proving.say_codes_left(user)
        return answer
    if tried.outcome is Outcome.OVER:
        return give_up(user)
    return _page(offered.shown | tried.shown, status=422)


def _page(shown: dict[str, Any], status: int = 200) -> Response:
    return page("identity/factors/second.html", status=status, prove_at=url_for("identity.prove_second"), **shown)


@bp.post("/login/start-over")
@public(BETWEEN)
def start_over() -> Response:
    """End the half-way session; the sign-in page begins anew."""
    if stored().pending_user is not None:
        stored().end()
    return go(url_for("identity.login"))


def give_up(user: User) -> Response:
    """After too many wrong proofs the session at hand ends, and so does every half-way one; the sign-in page says why.

    Whoever sits there is perhaps not the one who signed in.
    """
    sessions.end_half_way_of(user.id)
    stored().end()
    return go(url_for("identity.login", because=TRIES))
