"""[Agent CRM] Enable/Disable Policy and Member Sync, on a Business."""

from __future__ import annotations

from uuid import UUID

from flask import Response, flash, request, url_for

from portal.businesses import queries as accounts
from portal.businesses.models import Business
from portal.core import scope
from portal.core.fragments import go, page
from portal.core.lookup import find_or_404
from portal.core.permissions import Permission, allow
from portal.core.sent import passes_over
from portal.core.transaction import not_yours
from portal.provisioning import foresight, operations
from portal.provisioning.forms.activities import SwitchForm
from portal.provisioning.operations import SWITCH, Done
from portal.provisioning.views import LABELS, bp
from portal.sync import operations as runs
from portal.sync.expected import Expected

MEANWHILE = (
    "Policy Sync of this Business was switched while the form was open. Nothing was changed; this is how it stands now."
)


def _business(kind: str, record_id: UUID) -> Business:
    return find_or_404(Business, record_id) if kind == "business" else not_yours()


def _form(business: Business, **given: object) -> SwitchForm:
    return SwitchForm(enabled=business.sync_enabled, continuous=business.continuous, **given)


def _today(business: Business) -> dict[str, bool]:
    return {"policy_sync_enabled": business.sync_enabled, "continuous": business.continuous}


def _foreseen(business: Business) -> Expected:
    return foresight.foresee([one.npn for one in accounts.npns_of(business.id)], business.id)


def _page(business: Business, form: SwitchForm, status: int = 200) -> Response:
    under_way = runs.open_run(business.id)
    expected = None if under_way else _foreseen(business)
    return page(
        "provisioning/switch.html",
        block="preview" if "show" in request.args else "content",
        status=status,
        form=form,
        business=business,
        label=LABELS[SWITCH],
        under_way=under_way,
        agreement=accounts.agreement(business),
        foresight=foresight,
        expected=expected,
        sealed=foresight.seal(str(business.id), expected) if expected else "",
        back=url_for("businesses.business", record_id=business.id),
    )


@bp.get("/policy-sync/<kind>/<uuid:record_id>")
@allow(Permission.PROVISION)
def switch(kind: str, record_id: UUID) -> Response:
    """Today's state, to be changed; with `show` as it is chosen by now, for the numbers alone."""
    business = _business(kind, record_id)
    chosen = request.args if "show" in request.args else None
    return _page(business, _form(business, formdata=chosen, data=_today(business)))


@bp.post("/policy-sync/<kind>/<uuid:record_id>")
@allow(Permission.PROVISION)
@passes_over("shown")
def complete_switch(kind: str, record_id: UUID) -> Response:
    """Enable, re-sync or disable, and go to the Business."""
    business = _business(kind, record_id)
    form = _form(business)
    if "show" in request.form:
        return _page(business, form)
    if form.is_stale:
        today = _form(business, formdata=None, data=_today(business))
        today.form_errors.append(MEANWHILE)
        return _page(business, today, status=422)
    if not form.validate_on_submit():
        return _page(business, form, status=422)
    enabled, resync = form.policy_sync_enabled.data, form.wants_resync()
    copies = enabled and (resync or not business.sync_enabled)
    expected = _foreseen(business) if copies and not runs.open_run(business.id) else None
    sealed = request.form.get("shown")
    if changed := foresight.drift(sealed, business.id, expected):
        form.form_errors.append(changed)
        return _page(business, form, status=422)
    try:
        done = operations.set_sync(
            business=business,
            enabled=enabled,
            resync=resync,
            continuous=bool(form.continuous.data),
            foreseen=form.foreseen(foresight.kept(sealed, business.id, expected)),
            by=scope.current(),
        )
    except runs.Blocked as refusal:
        form.refuse(refusal)
        return _page(business, form, status=422)
    if done is not None:
        flash(_told(done))
    return go(url_for("businesses.business", record_id=business.id))


def _told(done: Done) -> str:
    business = done.business
    if not business.sync_enabled:
        return f"Policy Sync is disabled for {business.name}. No further run starts; nothing was removed."
    if done.run is None:
        return f"Continuous sync of {business.name} is switched {'on' if business.continuous else 'off'}."
    if not done.started:
        return f"A run of {business.name} was already under way, so no second one was started."
    return f"The policies of {business.name} are being copied."
