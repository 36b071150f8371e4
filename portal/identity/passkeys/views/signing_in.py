"""Signing in with a passkey in place of e-mail, password and second factor."""

from __future__ import annotations

from flask import Response, request
from flask_limiter.util import get_remote_address

from portal.core.fragments import page
from portal.core.permissions import public
from portal.extensions import limiter
from portal.identity.forms import SignInForm
from portal.identity.operations import TooMany, TurnedAway
from portal.identity.passkeys import operations
from portal.identity.passkeys.challenges import Purpose
from portal.identity.passkeys.party import NoParty
from portal.identity.passkeys.views.questions import GONE, answer, asked, refused
from portal.identity.views import signing_in as door
from portal.identity.views.arriving import arrive
from portal.identity.views.parts import bp, local_page, origin, stored

WRONG = "The passkey was not accepted, or the account cannot be used now. Try again, or sign in with your password."
STRANGERS = "this is where strangers sign in"


@bp.post("/login/passkey/question")
@public(STRANGERS)
@limiter.limit("100 per minute", key_func=get_remote_address)
def ask_stranger() -> Response:
    """What any device that holds a passkey of ours is to sign; nobody is named."""
    session_id = stored().row_id
    return asked(lambda: operations.ask(session_id, Purpose.SIGN_IN, None)) if session_id else refused(GONE)


@bp.post("/login/passkey")
@public(STRANGERS)
@limiter.limit("100 per minute", key_func=get_remote_address)
def sign_in_by_passkey() -> Response:
    """Sign in, or say in the same words for every reason that it did not work; as the password's page does."""
    target = local_page(request.form.get("next"))
    try:
        user = operations.sign_in(stored().row_id, answer(), origin())
    except TooMany:
        return _again(door.TOO_MANY, target, 429)
    except (TurnedAway, NoParty) as why:
        return _again(str(why), target)
    if user is None:
        return _again(WRONG, target)
    return door.know(arrive(user, target=target, strong=True), user)


def _again(told: str, target: str, status: int = 422) -> Response:
    return page("identity/login.html", form=SignInForm(formdata=None), next_page=target, told=told, status=status)
