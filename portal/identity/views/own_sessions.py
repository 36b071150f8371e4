"""Where somebody is signed in, as a part of the page on which they see how, and ending it there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Response, flash, url_for

from portal.core import scope
from portal.core.fragments import go
from portal.core.permissions import Permission, allow
from portal.core.transaction import not_yours
from portal.core.words import counted
from portal.identity import own_sessions
from portal.identity.factors import sections
from portal.identity.factors.sections import Section
from portal.identity.models import User
from portal.identity.views.parts import bp, stored


@bp.post("/account/sessions/<uuid:session_id>/end")
@allow(Permission.ANY_SIGNED_IN)
def end_session(session_id: UUID) -> Response:
    """End one of one's own sessions."""
    if not own_sessions.end(session_id):
        not_yours()
    if session_id == scope.current().session_id:
        stored().end()
        return go(url_for("identity.login"))
    flash("The session was ended. Whoever used it must sign in again.")
    return go(url_for("identity.security", _anchor="sessions"))


@bp.post("/account/sessions/end-others")
@allow(Permission.ANY_SIGNED_IN)
def end_other_sessions() -> Response:
    """End all of one's own sessions but this one."""
    ended = own_sessions.end_others()
    flash(f"{counted(ended, 'other session')} ended." if ended else "There was no other session.")
    return go(url_for("identity.security", _anchor="sessions"))


def _sessions(user: User) -> Mapping[str, Any]:
    return {"own_sessions": own_sessions.of_actor()}


sections.declare(Section("sessions", 40, "identity/_sessions.html", _sessions))
