"""Who sends a request: from the session's row to the scope."""

from __future__ import annotations

from dataclasses import replace

from flask import Response, current_app, make_response, redirect, request, session, url_for
from flask_login import AnonymousUserMixin, UserMixin

from portal.core.fragments import attended, wants_fragment
from portal.core.scope import Role, Scope, current_or_none
from portal.extensions import login_manager
from portal.identity import sessions
from portal.identity.emergency.queries import of_request
from portal.identity.origin import Origin, scope_of
from portal.identity.sessions import IDENTITY_SCOPE, StoredSession
from portal.identity.standing import TOLD, kept_out

EMERGENCY = "/emergency/"  # the pages that are read under an emergency access, and no others


def identify(request_id: str) -> Scope | None:
    """The scope of the person whose session this is; None for a stranger or somebody who may no longer sign in.

    The user is read anew at each request, so that a role taken away or a deactivation holds from the next one on.
    """
    stored = _stored()
    if stored is None or stored.user is None or kept_out(stored.user):
        return None
    if attended():
        sessions.seen(stored)
    origin = Origin(request.remote_addr, request.user_agent.string, request_id)
    own = scope_of(stored.user, session_id=stored.row_id, origin=origin, proved_at=stored.proved_at)
    return _in_emergency(own) if request.path.startswith(EMERGENCY) else own


def _in_emergency(own: Scope) -> Scope:
    """What somebody with a living emergency access may reach on its pages: that one Business, under the login
    `emergency`. For everybody else it is what they are, and these pages are none."""
    held = of_request(own, IDENTITY_SCOPE)
    if held is None:
        return own
    role = Role.EMERGENCY
    return replace(
        own, login=role.login, role=role, business_id=held.business_id, emergency_id=held.id, reason=held.reason
    )


def send_to_login() -> Response:
    """A stranger's way in: the sign-in page, which leads back.

    401 for a fragment, so that no form lands in a table, and for what was typed and sent: the page with it stays open
    in the browser, where the same person may send it after a new sign-in. Somebody who was signed in and may no longer
    be in is told on the sign-in page why.
    """
    stored = _stored()
    because = stored.turned_away if stored is not None and stored.turned_away in TOLD else None
    if wants_fragment():
        response = make_response("", 401)
        if because:
            response.headers["HX-Redirect"] = url_for("identity.login", because=because)
        return response
    if request.method not in ("GET", "HEAD") and not because:
        ended: Response = current_app.make_response(current_app.extensions["error_page"](401))
        return ended
    back = request.full_path.rstrip("?") if request.method == "GET" and not because else None
    address = url_for("identity.login", because=because, next=back if back != "/" else None)
    return make_response(redirect(address, 303))


def abandon_session() -> None:
    """Take back a sign-in that this request began."""
    stored = _stored()
    if stored is not None and stored.renew:
        stored.forget()


def _stored() -> StoredSession | None:
    stored = session._get_current_object()  # type: ignore[attr-defined]  # Flask's proxy
    return stored if isinstance(stored, StoredSession) else None


class Viewer(UserMixin):  # type: ignore[misc]  # Flask-Login has no types
    """Flask-Login's user, over the scope of the request: it adds nothing that the scope does not know."""

    def __init__(self, at_work: Scope) -> None:
        self.id = str(at_work.actor_id)
        self.scope = at_work


@login_manager.request_loader  # type: ignore[untyped-decorator]  # Flask-Login has no types
def _load(_: object) -> Viewer | AnonymousUserMixin | None:
    at_work = current_or_none()
    return Viewer(at_work) if at_work else None
