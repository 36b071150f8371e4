"""The page on which people see how they sign in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, flash, url_for

from portal.core.fragments import go, page
from portal.core.permissions import Permission, allow
from portal.identity.factors import demands, kinds, operations, queries, sections
from portal.identity.factors.sections import Section
from portal.identity.models import User
from portal.identity.views.parts import bp, me, origin, stored

LAST = "This is your only second factor and one is needed here. Set up another one first, or replace the app."


@bp.get("/account/security")
@allow(Permission.ANY_SIGNED_IN)
def security() -> Response:
    """Second factors, recovery codes, and whatever other shelves put there."""
    parts, shown = sections.shown_to(me())
    return page("identity/factors/security.html", sections=parts, **shown)


@bp.post("/account/security/app/remove")
@allow(Permission.ANY_SIGNED_IN, fresh=True)
def remove_app() -> Response:
    """Remove the app, unless it is the last factor of somebody who needs one; every other session ends."""
    user = me()
    try:
        operations.remove_totp(user, origin(), but=stored().row_id)
    except operations.LastFactor:
        flash(LAST, "error")
        return go(url_for("identity.security"))
    stored().prove()
    flash("The authenticator app is removed. You were signed out everywhere else.")
    return go(url_for("identity.security"))


def _factors(user: User) -> Mapping[str, Any]:
    with kinds.reading(user) as work:
        held = kinds.held_by(work, user)
        needed = demands.demanded_of(work, user)
        return {
            "app": queries.totp_of(work, user),
            "codes_left": queries.codes_left(work, user),
            "codes_made_at": queries.codes_made_at(work, user),
            "holds_any": bool(held),
            "factor_needed": needed,
            "may_remove_app": not needed or sum(held.values()) > 1,
        }


sections.declare(Section("factors", 10, "identity/factors/_section.html", _factors))
