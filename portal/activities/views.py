"""Log Activity for the plain types, and the whole timeline of a record."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, abort, flash, request

from portal.activities import operations, queries, registry, subjects
from portal.activities.forms import PlainActivityForm
from portal.activities.registry import ActivityType
from portal.core import scope
from portal.core.fragments import go, page
from portal.core.paging import read_query
from portal.core.permissions import Permission, allow

bp = Blueprint("activities", __name__, url_prefix="/fmo/activities")


def _plain_type(key: str, kind: str) -> ActivityType:
    offered = registry.find(key)
    if offered is None or offered.endpoint != registry.PLAIN_ENDPOINT or kind not in offered.subjects:
        abort(404)
    return offered


@bp.get("/new/<type_key>/<kind>/<uuid:record_id>")
@allow(Permission.ACTIVITY_LOG)
def new(type_key: str, kind: str, record_id: UUID) -> Response:
    """The form, with now as its time."""
    offered = _plain_type(type_key, kind)
    subject = subjects.find_or_404(kind, record_id)
    return page("activities/new.html", form=PlainActivityForm(type_key), offered=offered, subject=subject)


@bp.post("/new/<type_key>/<kind>/<uuid:record_id>")
@allow(Permission.ACTIVITY_LOG)
def create(type_key: str, kind: str, record_id: UUID) -> Response:
    """Save it and return to the record."""
    offered = _plain_type(type_key, kind)
    subject = subjects.find_or_404(kind, record_id)
    form = PlainActivityForm(type_key)
    if not form.validate_on_submit():
        return page("activities/new.html", status=422, form=form, offered=offered, subject=subject)
    outcome = form.outcome_word()
    operations.log(
        type_key,
        kind,
        record_id,
        form.summary(offered.label),
        by=scope.current(),
        body=form.text.data.strip(),
        fields={"outcome": outcome} if outcome else None,
        at=form.moment(),
    )
    flash(f"The {offered.label.lower()} is on the timeline.")
    return go(subject.href)


@bp.get("/<kind>/<uuid:record_id>")
@allow(Permission.DOWNLINE_READ)
def story(kind: str, record_id: UUID) -> Response:
    """The whole timeline, in pages."""
    subject = subjects.find_or_404(kind, record_id)
    asked = read_query(request.path, request.args, filters=(), sorts=("at",), default="-at")
    listing = queries.page_of(kind, record_id, asked)
    shown = queries.Timeline(kind, record_id, listing.items, more=False)
    return page("activities/story.html", block="results", subject=subject, listing=listing, story=shown)
