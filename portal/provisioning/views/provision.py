"""[Agent CRM] Provision New Agent Business Activity, on an agent or an agency."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, abort, flash, url_for

from portal.businesses import operations as businesses
from portal.businesses import queries as accounts
from portal.core import scope
from portal.core.fragments import go, page
from portal.core.permissions import Permission, allow
from portal.core.transaction import not_yours
from portal.downline import queries as downline
from portal.downline.models import Producer
from portal.provisioning import operations, queries
from portal.provisioning.forms import ProvisionForm
from portal.provisioning.operations import PROVISION
from portal.provisioning.places import zone_of
from portal.provisioning.views import LABELS, bp
from portal.sync import queries as sync


def _producer(kind: str, record_id: UUID) -> Producer:
    if kind not in ("agent", "agency"):
        abort(404)
    found = downline.find_kind(kind, record_id)
    return found if found is not None else not_yours()


def _prefilled(producer: Producer) -> dict[str, Any]:
    person = queries.who_signs_in(producer)
    return {
        "business_name": producer.name,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": person.email,
        "mobile": person.phone,
        "state": producer.state or person.state,
        "time_zone": zone_of(producer.state or person.state),
    }


def _page(producer: Producer, form: ProvisionForm, status: int = 200) -> Response:
    return page(
        "provisioning/provision.html",
        status=status,
        form=form,
        producer=producer,
        label=LABELS[PROVISION],
        there=accounts.by_producer(producer.id),
        shared=accounts.other_businesses_with(producer.npn),
        preview=sync.preview([producer.npn]),
        back=url_for(f"downline.{producer.kind}", record_id=producer.id),
    )


@bp.get("/provision/<kind>/<uuid:record_id>")
@allow(Permission.PROVISION)
def provision(kind: str, record_id: UUID) -> Response:
    """The form, filled in from the record."""
    producer = _producer(kind, record_id)
    shared = bool(accounts.other_businesses_with(producer.npn))
    return _page(producer, ProvisionForm(shared=shared, data=_prefilled(producer)))


@bp.post("/provision/<kind>/<uuid:record_id>")
@allow(Permission.PROVISION)
def complete_provision(kind: str, record_id: UUID) -> Response:
    """Create the Business and go to it, with its run moving."""
    producer = _producer(kind, record_id)
    if accounts.by_producer(producer.id) is not None:
        return _page(producer, ProvisionForm(shared=False), status=422)
    form = ProvisionForm(shared=bool(accounts.other_businesses_with(producer.npn)))
    if not form.validate_on_submit():
        return _page(producer, form, status=422)
    try:
        done = operations.provision(form.wanted(producer), by=scope.current())
    except businesses.Refused as refusal:
        form[refusal.field].errors = [*form[refusal.field].errors, str(refusal)]
        return _page(producer, form, status=422)
    name = done.business.name
    if done.run is not None:
        flash(f"{name} is provisioned. Its policies are being copied; the invitation goes out when that is done.")
    else:
        flash(f"{name} is provisioned, and the invitation is on its way.")
    return go(url_for("businesses.business", record_id=done.business.id))
