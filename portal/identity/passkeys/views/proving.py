"""A passkey as the second factor, and before what is delicate."""

from __future__ import annotations

from flask import Response, flash, request, url_for
from flask_limiter.util import get_remote_address

from portal.core.fragments import go
from portal.core.permissions import Permission, allow, public
from portal.extensions import limiter
from portal.identity.factors.operations import Outcome, attempt
from portal.identity.factors.views import challenge, stepping
from portal.identity.models import User
from portal.identity.passkeys import operations
from portal.identity.passkeys.challenges import Purpose
from portal.identity.passkeys.party import NoParty
from portal.identity.passkeys.views.questions import GONE, answer, asked, refused
from portal.identity.views.arriving import go_through
from portal.identity.views.parts import BETWEEN, bp, local_page, me, origin, stored

WRONG = "The passkey was not confirmed. Try again, or use another way."


@bp.post("/login/second/passkey/question")
@public(BETWEEN)
@limiter.limit("60 per minute", key_func=get_remote_address)
def ask_second() -> Response:
    """What the device of the half-way person is to sign."""
    user, session_id = stored().pending_user, stored().row_id
    if user is None or session_id is None:
        return refused(GONE)
    return asked(lambda: operations.ask(session_id, Purpose.SECOND, user))


@bp.post("/login/second/passkey")
@public(BETWEEN)
@limiter.limit("60 per minute", key_func=get_remote_address)  # each person's attempts are counted besides
def prove_second_by_passkey() -> Response:
    """Begin the session where the passkey is the person's; after too many that are not, the half-way session ends."""
    user = stored().pending_user
    if user is None:
        return go(url_for("identity.login"))
    outcome = _tried(user, Purpose.SECOND)
    if outcome is Outcome.RIGHT:
        return go_through()
    if outcome is Outcome.OVER:
        return challenge.give_up(user)
    flash(WRONG, "error")
    return go(url_for("identity.second"))


@bp.post("/step-up/passkey/question")
@allow(Permission.ANY_SIGNED_IN)
@limiter.limit("60 per minute", key_func=get_remote_address)
def ask_again() -> Response:
    """What the device of the person who is signed in is to sign."""
    user, session_id = me(), stored().row_id
    assert session_id is not None, "whoever is signed in has a session"
    return asked(lambda: operations.ask(session_id, Purpose.STEP_UP, user))


@bp.post("/step-up/passkey")
@allow(Permission.ANY_SIGNED_IN)
@limiter.limit("60 per minute", key_func=get_remote_address)
def prove_again_by_passkey() -> Response:
    """Lead on where the passkey is the person's; after too many that are not, the session ends."""
    user, target = me(), local_page(request.form.get("next"))
    outcome = _tried(user, Purpose.STEP_UP)
    if outcome is Outcome.RIGHT:
        return stepping.proved(target)
    if outcome is Outcome.OVER:
        return challenge.give_up(user)
    flash(WRONG, "error")
    return go(url_for("identity.step_up", next=target or None))


def _tried(user: User, purpose: Purpose) -> Outcome:
    """Try what was posted; where there can be no passkeys it is not tried at all."""
    try:
        check = operations.passkey_is_right(user, stored().row_id, purpose, answer())
    except NoParty:
        return Outcome.WRONG
    return attempt(user, "passkey", check, origin(), at=purpose.value)
