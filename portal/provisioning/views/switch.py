"""[Agent CRM] Enable/Disable Policy and Member Sync, on a Business."""

from __future__ import annotations

from uuid import UUID

from flask import Response, abort, flash, url_for

from portal.businesses.models import Business
from portal.core import scope
from portal.core.fragments import go, page
from portal.core.lookup import find_or_404
from portal.core.permissions import Permission, allow
from portal.provisioning import operations
from portal.provisioning.forms import SwitchForm
from portal.provisioning.operations import SWITCH, Done
from portal.provisioning.views import LABELS, bp
from portal.sync import operations as runs
from portal.sync import queries as sync


def _business(kind: str, record_id: UUID) -> Business:
    if kind != "business":
        abort(404)
    return find_or_404(Business, record_id)


def _page(business: Business, form: SwitchForm, status: int = 200) -> Response:
    return page(
        "provisioning/switch.html",
        status=status,
        form=form,
        business=business,
        label=LABELS[SWITCH],
        under_way=runs.open_run(business.id),
        preview=sync.preview_of(business.id),
        back=url_for("businesses.business", record_id=business.id),
    )


@bp.get("/policy-sync/<kind>/<uuid:record_id>")
@allow(Permission.PROVISION)
def switch(kind: str, record_id: UUID) -> Response:
    """Today's state, to be changed."""
    business = _business(kind, record_id)
    today = {"policy_sync_enabled": business.sync_enabled}
    return _page(business, SwitchForm(enabled=business.sync_enabled, continuous=business.continuous, data=today))


@bp.post("/policy-sync/<kind>/<uuid:record_id>")
@allow(Permission.PROVISION)
def complete_switch(kind: str, record_id: UUID) -> Response:
    """Enable, re-sync or disable, and go to the Business."""
    business = _business(kind, record_id)
    form = SwitchForm(enabled=business.sync_enabled, continuous=business.continuous)
    if not form.validate_on_submit():
        return _page(business, form, status=422)
    resync = bool(form.resync_policies and form.resync_policies.data)
    done = operations.set_sync(
        business=business, enabled=form.policy_sync_enabled.data, resync=resync, by=scope.current()
    )
    if done is not None:
        flash(_told(done))
    return go(url_for("businesses.business", record_id=business.id))


def _told(done: Done) -> str:
    if done.run is None:
        return f"Policy Sync is disabled for {done.business.name}. No further run starts; nothing was removed."
    if not done.started:
        return f"A run of {done.business.name} was already under way, so no second one was started."
    return f"The policies of {done.business.name} are being copied."
