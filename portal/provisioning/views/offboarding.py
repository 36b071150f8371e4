"""[Agent CRM] Off-board Agent, on an agent or an agency, and the list of what it did."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from flask import Response, flash, make_response, redirect, request, url_for

from portal.activities.models import Activity
from portal.core import scope
from portal.core.fragments import go, page
from portal.core.ids import parse_id
from portal.core.lookup import find, find_or_404
from portal.core.permissions import Permission, allow
from portal.core.sent import passes_over
from portal.downline.models import Producer
from portal.downline.views import address_of
from portal.downline.views.records import record_of
from portal.provisioning.forms.offboarding import OffboardForm
from portal.provisioning.operations import offboarding
from portal.provisioning.operations.offboarding import OFFBOARD
from portal.provisioning.views import LABELS, bp

MEANWHILE = "What this would end was changed while the form was open. Nothing was done; look at it again first."


def _page(producer: Producer, form: OffboardForm, status: int = 200) -> Response:
    return page(
        "provisioning/offboard.html",
        status=status,
        producer=producer,
        form=form,
        label=LABELS[OFFBOARD],
        ahead=offboarding.ahead(producer),
        back=address_of(producer),
    )


@bp.get("/off-board/<kind>/<uuid:record_id>")
@allow(Permission.PROVISION)
def off_board(kind: str, record_id: UUID) -> Response:
    """What would end."""
    producer = record_of(kind, record_id)
    return _page(producer, OffboardForm())


@bp.post("/off-board/<kind>/<uuid:record_id>")
@allow(Permission.PROVISION)
@passes_over("seen")
def complete_off_board(kind: str, record_id: UUID) -> Response:
    """End it, and show the list of what was done."""
    producer = record_of(kind, record_id)
    form = OffboardForm()
    today = offboarding.ahead(producer)
    if (today.held or today.people) and request.form.get("seen") not in (None, today.state):
        form.form_errors.append(MEANWHILE)
        return _page(producer, form, status=422)
    if not form.validate_on_submit():
        return _page(producer, form, status=422)
    done = offboarding.off_board(
        producer,
        reason=form.reason.data.strip(),
        until=form.last_day(),
        inactive=form.inactive.data,
        by=scope.current(),
    )
    if done is None:
        flash(f"{producer.name} is off-boarded already: nothing was left to do, and nothing was done.")
        return go(address_of(producer))
    return go(url_for("provisioning.off_boarded", activity_id=done[1].id))


@bp.get("/off-boardings/<uuid:activity_id>")
@allow(Permission.PROVISION)
def off_boarded(activity_id: UUID) -> Response:
    """What one off-boarding did; other activities have a detail of their own."""
    activity = find_or_404(Activity, activity_id)
    if activity.type != OFFBOARD:
        return make_response(redirect(url_for("sync.activity_runs", activity_id=activity.id), 303))
    if "record" in activity.fields:  # the entry on an account's timeline
        first = find(Activity, parse_id(activity.fields["record"]))
        activity = first if first is not None else activity
    record = find(Producer, activity.subject_id)
    return page(
        "provisioning/off_boarded.html",
        block="list",
        activity=activity,
        done=activity.fields,
        last_day=date.fromisoformat(activity.fields["until"]) if activity.fields["until"] else None,
        record=record,
        label=LABELS[OFFBOARD],
        back=address_of(record) if record else url_for("downline.agents"),
    )
