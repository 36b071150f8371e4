"""Asking for emergency access to a Business."""

from __future__ import annotations

from uuid import UUID

from flask import Response, flash

from portal.activities import operations as activities
from portal.businesses.models import Business
from portal.businesses.views import address_of, bp, find
from portal.core import clock, scope
from portal.core.fragments import go, page
from portal.core.permissions import Permission, allow
from portal.core.scope import Role
from portal.identity.emergency import operations
from portal.identity.emergency.forms import AskForm
from portal.identity.views.parts import home_of


@bp.get("/<uuid:record_id>/emergency")
@allow(Permission.EMERGENCY_ASK, fresh=True)
def emergency(record_id: UUID) -> Response:
    """What emergency access is, and the form that asks for the reason."""
    return _page(find(record_id), AskForm(formdata=None))


def _page(business: Business, form: AskForm, status: int = 200) -> Response:
    return page("emergency/ask.html", status=status, business=business, form=form, back=address_of(business))


@bp.post("/<uuid:record_id>/emergency")
@allow(Permission.EMERGENCY_ASK, fresh=True)
def ask_emergency(record_id: UUID) -> Response:
    """Open the account for an hour, say so on its timeline, and lead to its contacts."""
    business, by = find(record_id), scope.current()
    form = AskForm()
    if not form.validate_on_submit():
        return _page(business, form, status=422)
    try:
        given, made = operations.ask(business.id, business.name, form.reason.data, by=by)
    except operations.NotGiven as why:
        form.form_errors.append(str(why))
        return _page(business, form, status=409)
    if made:
        sentence = f"Emergency access to the contacts, until {clock.moment(given.until)}. Compliance was told."
        activities.log("emergency", "business", business.id, sentence, by=by)
    flash(f"You may read the contacts of {business.name} until {clock.moment(given.until)}.")
    return go(home_of(Role.EMERGENCY))
