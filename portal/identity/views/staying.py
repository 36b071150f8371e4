"""What a page asks about its session: how long it lasts, a click that prolongs it, and new tokens for its forms.

Nothing here keeps anybody signed in but the click itself.
"""

from __future__ import annotations

from flask import Response, jsonify, request
from flask_wtf.csrf import generate_csrf

from portal.core.fragments import live, page
from portal.core.permissions import Permission, allow, public
from portal.identity import presence, sessions
from portal.identity.views.parts import bp, stored

PERSON = "Portal-Person"  # the header in which a page says whose it is


@bp.get("/session")
@public("a page asks whether its session has ended")
@live
def session_left() -> Response:
    """How long the session lasts: 401 once it has ended, 409 where somebody else is signed in by now."""
    return _told()


@bp.post("/session/stay")
@allow(Permission.ANY_SIGNED_IN)
def stay_signed_in() -> Response:
    """The click on "Stay signed in", which counts like every other."""
    sessions.seen(stored(), at_once=True)
    return _told()


@bp.get("/session/back")
@allow(Permission.ANY_SIGNED_IN)
def signed_in_again() -> Response:
    """Where a sign-in ends that was made beside a page with something typed in it."""
    return page("identity/back.html")


def _told() -> Response:
    session = stored()
    now = presence.of_session(session)
    if now is None or session.user_id is None:
        return _answer({"ended": True}, 401)
    if not presence.is_mark_of(session.user_id, request.headers.get(PERSON, "")):
        return _answer({"other": True}, 409)  # and no token: what the first person typed is not this one's to send
    return _answer({"left": now.left, "at_most": now.at_most, "token": generate_csrf()}, 200)


def _answer(told: dict[str, object], status: int) -> Response:
    answer = jsonify(told)
    answer.status_code = status
    return answer
