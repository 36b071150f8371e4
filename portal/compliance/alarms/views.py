"""The officer's pages about alarms."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, flash, request, url_for

from portal.compliance.alarms import events, operations, queries, registry
from portal.compliance.alarms.forms import NoteForm
from portal.compliance.alarms.models import Alarm
from portal.core import access, scope
from portal.core.fragments import go, page
from portal.core.lookup import find_or_404
from portal.core.paging import read_query
from portal.core.permissions import Permission, allow

bp = Blueprint("alarms", __name__, url_prefix="/compliance/alarms")


@bp.get("")
@allow(Permission.ALARMS, events.LISTED)
def alarms() -> Response:
    """Every alarm, the newest first, with when they were last looked for."""
    asked = read_query(request.path, request.args, filters=("state", "kind"), sorts=("raised",), default="-raised")
    listing = queries.page_of(asked)
    return page(
        "compliance/alarms/list.html",
        block="results",
        listing=listing,
        shown=queries.show(listing.items),
        states=queries.STATES,
        kinds={kind.name: kind.title for kind in registry.every()},
        last_round=queries.last_round(),
        silent=queries.is_silent(),
    )


@bp.get("/<uuid:alarm_id>")
@allow(Permission.ALARMS)
def alarm(alarm_id: UUID) -> Response:
    """One of them: what held, what to do, and the note."""
    found = find_or_404(Alarm, alarm_id)
    access.record(events.SEEN, kind="alarm", ids=[found.id], alarm=found.kind)
    return _page(found, NoteForm(formdata=None))


@bp.post("/<uuid:alarm_id>/acknowledge")
@allow(Permission.ALARMS)
def acknowledge(alarm_id: UUID) -> Response:
    """Keep the officer's note; of two officers the first one's stays."""
    found = find_or_404(Alarm, alarm_id)
    form = NoteForm()
    if not form.validate_on_submit():
        return _page(found, form, status=422)
    if operations.acknowledge(found, form.note.data, by=scope.current()):
        flash("Your note is kept.")
        return go(url_for("alarms.alarms"))
    return _page(find_or_404(Alarm, alarm_id, to_change=True), form, status=409, second=True)


def _page(found: Alarm, form: NoteForm, *, status: int = 200, second: bool = False) -> Response:
    [shown] = queries.show([found])
    return page("compliance/alarms/alarm.html", status=status, shown=shown, alarm=found, form=form, second=second)
