"""The pages on which people change their own password and address, and their part of the security page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, flash, url_for

from portal.core.fragments import go, page
from portal.core.permissions import Permission, allow
from portal.identity.factors import kinds, sections
from portal.identity.letters import operations
from portal.identity.letters.forms import EmailForm, PasswordForm
from portal.identity.letters.views.resetting import is_strong
from portal.identity.models import User
from portal.identity.sso.queries import only_way_in
from portal.identity.views.parts import bp, me, origin, stored
from portal.identity.views.signing_in import know

WRONG = "This is not your present password, or it was wrong too often in the last 15 minutes. Nothing was changed."
ON_ITS_WAY = (
    "If this address can be used, a link is on its way to it. Open it within 24 hours. Until then you sign in with the"
    " address that you have now."
)
THE_SAME = "This is the address that you have now."


@bp.get("/account/password")
@allow(Permission.ANY_SIGNED_IN)
def own_password() -> Response:
    """Asks for the present password and the new one."""
    if not _own(me())["has_password"]:
        return go(url_for("identity.security"))
    return page("identity/letters/password.html", form=PasswordForm())


@bp.post("/account/password")
@allow(Permission.ANY_SIGNED_IN)
def change_password() -> Response:
    """Change it; one is signed out everywhere else and told by mail."""
    user, form = me(), PasswordForm()
    if not form.validate_on_submit() or not is_strong(form, user):
        return page("identity/letters/password.html", form=form, status=422)
    if not operations.change_password(user, form.present.data, form.password.data, origin(), here=stored().row_id):
        form.present.errors = [WRONG]
        return page("identity/letters/password.html", form=form, status=422)
    stored().rotate = stored().modified = True
    flash("Your password is changed. You were signed out everywhere else.")
    return know(go(url_for("identity.security")), user)


@bp.get("/account/email")
@allow(Permission.ANY_SIGNED_IN, fresh=True)
def own_email() -> Response:
    """Asks for another address."""
    return page("identity/letters/email.html", form=EmailForm(), email=me().email)


@bp.post("/account/email")
@allow(Permission.ANY_SIGNED_IN, fresh=True)
def ask_email() -> Response:
    """Send a link to the address, if it can be used; the answer is the same if not."""
    user, form = me(), EmailForm()
    if form.validate_on_submit():
        if form.email.data.strip().lower() != user.email:
            operations.ask_email(user, form.email.data, origin())
            flash(ON_ITS_WAY)
            return go(url_for("identity.security"))
        form.email.errors = [THE_SAME]
    return page("identity/letters/email.html", form=form, email=user.email, status=422)


def _own(user: User) -> Mapping[str, Any]:
    with kinds.reading(user) as work:
        return {"own_email": user.email, "has_password": not only_way_in(work, user)}


sections.declare(sections.Section("letters", 30, "identity/letters/_section.html", _own))
