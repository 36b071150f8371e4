"""Opening an invitation with the provider instead of a password."""

from __future__ import annotations

from flask import Response
from flask_limiter.util import get_remote_address

from portal.core.fragments import page
from portal.core.permissions import public
from portal.core.session import open_session
from portal.extensions import limiter
from portal.identity import operations
from portal.identity.forms import InvitationForm
from portal.identity.sessions import IDENTITY_SCOPE
from portal.identity.sso.operations.flows import begin
from portal.identity.sso.operations.logging import log_refusal
from portal.identity.sso.refusals import Refused
from portal.identity.sso.views.leaving import lead, note
from portal.identity.sso.views.signing_in import refused_page
from portal.identity.views.invitation import invitation_page, proved_npn
from portal.identity.views.parts import bp, origin


@bp.post("/invite/<token>/single-sign-on")
@public("an invited person has no account yet")
@limiter.limit("20 per minute", key_func=get_remote_address)
def sso_invitation(token: str) -> Response:
    """Prove the NPN here, then who one is at the provider; the link is spent when both are right."""
    form = InvitationForm()
    with open_session(IDENTITY_SCOPE) as work:
        found = operations.open_invitation(work, token)
        if found is None:
            return page("identity/invitation_over.html", status=404)
        held, user = found
        del form.password
        if user.npn is None:
            del form.npn
        if not form.validate_on_submit() or not proved_npn(form, held, user):
            return invitation_page(form, token, user, status=422)
        fmo_id, user_id, invitation_id = user.fmo_id, user.id, held.id
    try:
        leaving = begin(fmo_id, purpose="invitation", user_id=user_id, invitation_id=invitation_id)
    except Refused as refused:
        log_refusal(refused, fmo_id, origin())
        return refused_page(refused)
    return lead(note(leaving), "Single sign-on", "You are led to your organization’s identity provider.")
