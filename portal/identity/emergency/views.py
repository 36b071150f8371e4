"""Ending an emergency access, and the officers' pages about them."""

from __future__ import annotations

from uuid import UUID

from flask import Response, flash, url_for

from portal.core import scope
from portal.core.fragments import go, page
from portal.core.lookup import find_or_404
from portal.core.permissions import Permission, allow
from portal.core.scope import Role
from portal.identity.emergency import events, operations, queries
from portal.identity.emergency.forms import ReviewForm
from portal.identity.emergency.models import HOW, EmergencyAccess
from portal.identity.views.parts import bp


@bp.post("/fmo/emergency/end")
@allow(Permission.EMERGENCY_ASK)
def end_emergency() -> Response:
    """End one's own emergency access, if one is open."""
    found = queries.open_of(scope.current().actor_id)
    ended = found is not None and operations.end(found, "person")
    flash("The emergency access has ended." if ended else "There is no emergency access of yours that is open.")
    return go("/fmo/")


@bp.get("/compliance/emergency")
@allow(Permission.EMERGENCY_REVIEW, events.LISTED)
def emergencies() -> Response:
    """Every emergency access, those that wait for a judgement first."""
    return page("emergency/list.html", found=queries.all_of_them(), how=HOW, role=_role)


@bp.get("/compliance/emergency/<uuid:access_id>")
@allow(Permission.EMERGENCY_REVIEW, events.SEEN)
def emergency(access_id: UUID) -> Response:
    """One of them, with what was seen and the form that judges it."""
    return _page(find_or_404(EmergencyAccess, access_id))


def _page(found: EmergencyAccess, form: ReviewForm | None = None, status: int = 200) -> Response:
    return page(
        "emergency/review.html",
        status=status,
        access=found,
        contacts=queries.contacts_read(found),
        form=form or ReviewForm(formdata=None),
        how=HOW,
        role=_role,
    )


def _role(value: str) -> str:
    return Role(value).label if value in set(Role) else value


@bp.post("/compliance/emergency/<uuid:access_id>/end")
@allow(Permission.EMERGENCY_REVIEW, events.SEEN)
def stop_emergency(access_id: UUID) -> Response:
    """End somebody's emergency access from now on."""
    found = find_or_404(EmergencyAccess, access_id)
    ended = operations.end(found, "officer")
    flash("The emergency access has ended." if ended else "It had ended before.")
    return go(url_for("identity.emergency", access_id=found.id))


@bp.post("/compliance/emergency/<uuid:access_id>/review")
@allow(Permission.EMERGENCY_REVIEW, events.SEEN)
def review_emergency(access_id: UUID) -> Response:
    """Keep the officer's judgement; one that came second changes nothing."""
    operations.close_past()
    found = find_or_404(EmergencyAccess, access_id)
    form = ReviewForm()
    if found.ended_at is None:
        form.form_errors.append("The access still runs. End it first, or wait until it is over.")
        return _page(found, form, status=409)
    if not form.validate_on_submit():
        return _page(found, form, status=422)
    kept = operations.judge(found, form.finding.data, form.note.data, by=scope.current())
    flash("Your judgement is kept." if kept else "Somebody else has judged it before; nothing was changed.")
    return go(url_for("identity.emergencies"))
