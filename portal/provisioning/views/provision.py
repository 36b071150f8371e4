"""[Agent CRM] Provision New Agent Business Activity, on an agent or an agency."""

from __future__ import annotations

from uuid import UUID

from flask import Response, flash, request, url_for

from portal.businesses import operations as businesses
from portal.businesses import queries as accounts
from portal.core import scope
from portal.core.fragments import go, page
from portal.core.permissions import Permission, allow
from portal.core.sent import passes_over, repeats
from portal.downline.models import Producer
from portal.downline.views.records import record_of
from portal.provisioning import foresight, operations, queries
from portal.provisioning.forms.activities import ProvisionForm
from portal.provisioning.operations import PROVISION, Done
from portal.provisioning.views import LABELS, add_agent, bp
from portal.sync import operations as runs


def _page(producer: Producer, form: ProvisionForm, status: int = 200) -> Response:
    there = accounts.by_producer(producer.id)
    expected = None if there else foresight.foresee([producer.npn])
    signed, until = form.agreement_signed.data, form.agreement_until.data
    return page(
        "provisioning/provision.html",
        block="preview" if "show" in request.args else "content",
        status=status,
        form=form,
        producer=producer,
        label=LABELS[PROVISION],
        there=there,
        left=there is not None and accounts.open_npn(there.id, producer.npn) is None,
        shared=accounts.other_businesses_with(producer.npn),
        agreement=queries.agreement_on(form.business_name.data or producer.name, signed, until),
        foresight=foresight,
        expected=expected,
        sealed=foresight.seal(str(producer.id), expected) if expected else "",
        then=request.values.getlist("then"),
        back=url_for(f"downline.{producer.kind}", record_id=producer.id),
    )


@bp.get("/provision/<kind>/<uuid:record_id>")
@allow(Permission.PROVISION)
def provision(kind: str, record_id: UUID) -> Response:
    """The form, filled in from the record; with `show` as it is chosen by now, for the numbers alone."""
    producer = record_of(kind, record_id)
    shared = bool(accounts.other_businesses_with(producer.npn))
    chosen = request.args if "show" in request.args else None
    record = queries.prefilled(producer, queries.who_signs_in(producer))
    return _page(producer, ProvisionForm(formdata=chosen, shared=shared, data=record))


@bp.post("/provision/<kind>/<uuid:record_id>")
@allow(Permission.PROVISION)
@repeats("then")
@passes_over("shown", "then")
def complete_provision(kind: str, record_id: UUID) -> Response:
    """Create the Business and go to it, with its run moving; or to Add Agent, where that was chosen to follow."""
    producer = record_of(kind, record_id)
    if accounts.by_producer(producer.id) is not None:
        return _page(producer, ProvisionForm(shared=False), status=422)
    form = ProvisionForm(shared=bool(accounts.other_businesses_with(producer.npn)))
    if "show" in request.form:
        return _page(producer, form)
    if not form.validate_on_submit():
        return _page(producer, form, status=422)
    expected = foresight.foresee([producer.npn]) if form.enable_policy_sync.data else None
    sealed = request.form.get("shown")
    if changed := foresight.drift(sealed, producer.id, expected):
        form.form_errors.append(changed)
        return _page(producer, form, status=422)
    foreseen = form.foreseen(foresight.kept(sealed, producer.id, expected))
    try:
        done = operations.provision(form.wanted(producer), foreseen=foreseen, by=scope.current())
    except (businesses.Refused, runs.Blocked) as refusal:
        form.refuse(refusal)
        return _page(producer, form, status=422)
    flash(_told(done))
    return go(add_agent.follow(done.business.id))


def _told(done: Done) -> str:
    name = done.business.name
    if done.run is not None:
        return f"{name} is provisioned. Its policies are being copied; the invitation goes out when that is done."
    return f"{name} is provisioned, and the invitation is on its way."
