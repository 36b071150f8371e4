"""The page that asks anew who somebody is."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask_limiter.util import get_remote_address

from portal.core.fragments import page
from portal.core.permissions import Permission, allow
from portal.core.session import TenantSession
from portal.extensions import limiter
from portal.identity import sessions
from portal.identity.factors import kinds, queries
from portal.identity.factors.operations import Outcome
from portal.identity.factors.views import proving
from portal.identity.factors.views.stepping import proved
from portal.identity.forms import SignInForm
from portal.identity.models import User
from portal.identity.sso import queries as sso
from portal.identity.views.parts import bp, local_page, me, stored


@bp.get("/step-up")
@allow(Permission.ANY_SIGNED_IN)
def step_up() -> Response:
    """Asks for a factor that the person holds, or for the password of who needs none."""
    return _asked(me(), local_page(request.args.get("next")))


@bp.post("/step-up")
@allow(Permission.ANY_SIGNED_IN)
@limiter.limit("60 per minute", key_func=get_remote_address)  # each person's attempts are counted besides
def prove_again() -> Response:
    """Lead on where the proof is right; after too many wrong ones the session ends."""
    user, target = me(), local_page(request.form.get("next"))
    with kinds.reading(user) as work:
        allowed = _allowed(work, user)
    tried = proving.tried(user, at="step_up", allowed=allowed)
    if tried.outcome is Outcome.RIGHT:
        return proved(target)
    if tried.outcome is Outcome.OVER:
        return give_up(user)
    return _asked(user, target, tried, status=422)


def give_up(user: User) -> Response:
    """After too many wrong proofs the session ends: whoever sits there is perhaps not the one who signed in."""
    sessions.end_half_way_of(user.id)
    stored().forget()
    return page("identity/login.html", form=SignInForm(formdata=None), told=proving.OVER, status=422)


def _asked(user: User, target: str, tried: proving.Tried | None = None, status: int = 200) -> Response:
    with kinds.reading(user) as work:
        held = kinds.held_by(work, user)
        shown: dict[str, Any] = kinds.offered(work, user, held)
        shown["allowed"] = _allowed(work, user)
        shown["has_password"] = queries.has_password(work, user)
    shown["single_sign_on"] = sso.vouches_again(user)
    shown |= proving.fresh_forms()
    if tried is not None:
        shown |= {f"{tried.kind}_form": tried.form, "form": tried.form}
    return page("identity/factors/step_up.html", status=status, at="step_up", next_page=target, **shown)


def _allowed(work: TenantSession, user: User) -> set[str]:
    """By which forms: of who holds no factor the password, unless the FMO has switched passwords off."""
    allowed = proving.allowed_for(kinds.held_by(work, user), queries.codes_left(work, user))
    return allowed - {"password"} if sso.local_password_off(work, user) else allowed
