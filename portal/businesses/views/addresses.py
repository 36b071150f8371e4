"""The e-mail address of a user of the Business, by which they sign in."""

from __future__ import annotations

from uuid import UUID

from flask import Response, flash

from portal.businesses import operations
from portal.businesses.models import Business
from portal.businesses.views import address_of, bp, find_user
from portal.core import scope
from portal.core.fragments import go, page
from portal.core.permissions import Permission, allow
from portal.identity.letters.forms import EmailForm
from portal.identity.models import User


def _page(business: Business, user: User, form: EmailForm, status: int = 200) -> Response:
    back = address_of(business)
    return page("businesses/email.html", status=status, business=business, user=user, form=form, back=back)


@bp.get("/<uuid:record_id>/users/<uuid:user_id>/email")
@allow(Permission.BUSINESS_USERS, fresh=True)
def email(record_id: UUID, user_id: UUID) -> Response:
    """The address that the user has, to be changed."""
    business, user = find_user(record_id, user_id)
    return _page(business, user, EmailForm())


@bp.post("/<uuid:record_id>/users/<uuid:user_id>/email")
@allow(Permission.BUSINESS_USERS, fresh=True)
def change_email(record_id: UUID, user_id: UUID) -> Response:
    """Change it; links and sessions end with the old one."""
    business, user = find_user(record_id, user_id)
    form = EmailForm()
    if not form.validate_on_submit():
        return _page(business, user, form, status=422)
    try:
        changed = operations.set_email(user, form.email.data, by=scope.current())
    except operations.Refused as refusal:
        form.email.errors = [str(refusal)]
        return _page(business, user, form, status=422)
    held = f"{user.name} signs in with {user.email} from now on."
    if user.state == "invited" and user.suspended_at is None:
        held += " A new invitation is on its way there."
    flash(held if changed else f"{user.name} has this address already; nothing was changed.")
    return go(address_of(business))
