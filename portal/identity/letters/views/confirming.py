"""The page behind the link that confirms an address."""

from __future__ import annotations

from flask import Response, flash, url_for
from flask_limiter.util import get_remote_address

from portal.core.fragments import go, page
from portal.core.permissions import public
from portal.core.session import open_session
from portal.extensions import limiter
from portal.identity.letters import operations, queries
from portal.identity.letters.models import Letter
from portal.identity.models import User
from portal.identity.sessions import IDENTITY_SCOPE
from portal.identity.views.parts import bp, origin, stored

MAILBOX = "the link may be opened on another device than the one that is signed in"


@bp.get("/confirm/<token>")
@public(MAILBOX)
@limiter.limit("60 per minute", key_func=get_remote_address)
def confirmation(token: str) -> Response:
    """Asks for one click: programs that look into mails open links too."""
    found = _open(token)
    if found is None:
        return _over()
    return page("identity/letters/confirm.html", token=token, email=found[0].email)


@bp.post("/confirm/<token>")
@public(MAILBOX)
@limiter.limit("20 per minute", key_func=get_remote_address)
def use_confirmation(token: str) -> Response:
    """Change the address; everywhere one signs in anew with it."""
    found = _open(token)
    if found is None or not operations.use_confirmation(found[1], token, origin()):
        return _over()
    stored().forget()
    flash("Your address is changed. Sign in with the new one.")
    return go(url_for("identity.login"))


def _open(token: str) -> tuple[Letter, User] | None:
    with open_session(IDENTITY_SCOPE) as work:
        return queries.open_confirmation(work, token)


def _over() -> Response:
    return page("identity/letters/confirm_over.html", status=404)
