"""The page that asks anew who somebody is; for a page's script, the same in a dialog."""

from __future__ import annotations

from typing import Any

from flask import Response, request, url_for
from flask_limiter.util import get_remote_address

from portal.core.fragments import fragment, page, wants_fragment
from portal.core.permissions import Permission, allow
from portal.extensions import limiter
from portal.identity.factors.operations import Outcome
from portal.identity.factors.views import proving
from portal.identity.factors.views.challenge import give_up
from portal.identity.factors.views.stepping import proved
from portal.identity.views.parts import bp, local_page, me


@bp.get("/step-up")
@allow(Permission.ANY_SIGNED_IN)
def step_up() -> Response:
    """Asks for a factor that the person holds, or for the password of who holds none."""
    return _asked(proving.offer(me(), at="step_up").shown, local_page(request.args.get("next")))


@bp.post("/step-up")
@allow(Permission.ANY_SIGNED_IN)
@limiter.limit("60 per minute", key_func=get_remote_address)  # each person's attempts are counted besides
def prove_again() -> Response:
    """Lead on where the proof is right; after too many wrong ones the session ends."""
    user, target = me(), local_page(request.form.get("next"))
    offered = proving.offer(user, at="step_up")
    tried = proving.tried(user, offered)
    if tried.outcome is Outcome.RIGHT:
        return proved(target)
    if tried.outcome is Outcome.OVER:
        return give_up(user)
    return _asked(offered.shown | tried.shown, target, status=422)


def _asked(shown: dict[str, Any], target: str, status: int = 200) -> Response:
    shown |= {"next_page": target, "carried": [("next", target)] if target else []}
    shown["prove_at"] = url_for("identity.prove_again")
    if wants_fragment():
        return fragment("identity/factors/_step_up_dialog.html", status=status, **shown)
    return page("identity/factors/step_up.html", status=status, **shown)
