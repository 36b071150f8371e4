"""A passkey as the first second factor of somebody who needs one and holds none."""

from __future__ import annotations

from flask import Response, flash, url_for
from flask_limiter.util import get_remote_address

from portal.core.fragments import go
from portal.core.permissions import public
from portal.extensions import limiter
from portal.identity.factors.views import enrolling
from portal.identity.passkeys import operations
from portal.identity.passkeys.forms import NewPasskeyForm
from portal.identity.passkeys.party import NoParty
from portal.identity.passkeys.views.questions import GONE, answer, asked, refused
from portal.identity.views.parts import BETWEEN, bp, origin, stored


@bp.post("/login/enrol/passkey/question")
@public(BETWEEN)
@limiter.limit("60 per minute", key_func=get_remote_address)
def ask_to_enrol() -> Response:
    """What the device of the half-way person is to make."""
    user, session_id = enrolling.may_enrol(), stored().row_id
    if isinstance(user, Response) or session_id is None:
        return refused(GONE)
    return asked(lambda: operations.ask_for_new(user, session_id))


@bp.post("/login/enrol/passkey")
@public(BETWEEN)
@limiter.limit("60 per minute", key_func=get_remote_address)
def enrol_passkey() -> Response:
    """Keep the passkey; then the session begins, with the recovery codes on its first page."""
    user, form = enrolling.may_enrol(), NewPasskeyForm()
    if isinstance(user, Response):
        return user
    try:
        operations.add(user, stored().row_id, origin(), answer=answer(), name=form.chosen, only_first=True)
    except (NoParty, operations.Refused) as why:
        flash(str(why), "error")
        return go(url_for("identity.enrol"))
    return enrolling.enrolled(user)
