"""The page behind an invitation's link."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, url_for
from flask_limiter.util import get_remote_address

from portal.core.fragments import go, page
from portal.core.permissions import public
from portal.core.session import TenantSession, open_session
from portal.core.words import counted
from portal.extensions import limiter
from portal.identity import operations, queries
from portal.identity.forms import InvitationForm
from portal.identity.models import Invitation, User
from portal.identity.sessions import IDENTITY_SCOPE
from portal.identity.sso import queries as sso
from portal.identity.views.parts import bp, origin
from portal.identity.weakness import weakness


@bp.get("/invite/<token>")
@public("an invited person has no account yet")
@limiter.limit("60 per minute", key_func=get_remote_address)
def invitation(token: str) -> Response:
    """The form behind the link, or a sentence that says why there is none."""
    with open_session(IDENTITY_SCOPE) as work:
        found = operations.open_invitation(work, token)
        if found is None:
            return page("identity/invitation_over.html", status=404)
        return invitation_page(InvitationForm(), token, found[1])


@bp.post("/invite/<token>")
@public("an invited person has no account yet")
@limiter.limit("20 per minute", key_func=get_remote_address)
def accept_invitation(token: str) -> Response:
    """Prove the NPN and set the password; the link is spent with that."""
    form = InvitationForm()
    with open_session(IDENTITY_SCOPE) as work:
        found = operations.open_invitation(work, token)
        if found is None:
            return page("identity/invitation_over.html", status=404)
        invitation_row, user = found
        if user.npn is None:
            del form.npn
        if sso.local_password_off(work, user):
            return invitation_page(form, token, user, status=422)  # nobody sets one while they are off
        if not form.validate_on_submit() or not _proved(work, form, invitation_row, user):
            return invitation_page(form, token, user, status=422)
        operations.accept(work, invitation_row, user, form.password.data, origin())
    flash("Your password is set. Sign in to see your account.")
    return go(url_for("identity.login"))


def _proved(work: TenantSession, form: InvitationForm, invitation_row: Invitation, user: User) -> bool:
    weak = weakness(form.password.data, about=queries.known_about(work, user))
    if weak:
        form.password.errors = [weak]
        return False
    return proved_npn(form, invitation_row, user)


def proved_npn(form: InvitationForm, invitation_row: Invitation, user: User) -> bool:
    """Whether the NPN of the form is the invited person's, where they have one; a wrong one is counted and told."""
    if user.npn is not None and operations.canonical_npn(form.npn.data) != user.npn:
        operations.refuse(invitation_row, user, origin())
        left = operations.MAX_TRIES - invitation_row.wrong_tries
        form.npn.errors = [
            f"This is not the NPN that the invitation is for. You can try {counted(left, 'more time')}."
            if left
            else "This is not the NPN that the invitation is for. Ask your FMO for a new invitation."
        ]
        return False
    return True


def invitation_page(form: InvitationForm, token: str, user: User, status: int = 200) -> Response:
    """The form, with a password or single sign-on or both, as the FMO has it."""
    if user.npn is None and "npn" in form:
        del form.npn
    with open_session(IDENTITY_SCOPE) as work:
        ways: dict[str, Any] = {
            "single_sign_on": sso.is_offered(work, user.fmo_id),
            "passwords": not sso.local_password_off(work, user),
        }
    if not ways["passwords"] and "password" in form:
        del form.password
    return page("identity/invitation.html", form=form, token=token, first_name=user.first_name, status=status, **ways)
