"""Adding and changing agents and agencies."""

from __future__ import annotations

from uuid import UUID

from flask import Response, flash, url_for

from portal.core import scope
from portal.core.fragments import go, page
from portal.core.permissions import Permission, allow
from portal.downline import operations
from portal.downline.forms.producers import AgencyForm, AgentForm, form_for
from portal.downline.models import Producer
from portal.downline.operations import Refused
from portal.downline.views import PLACES, address_of, bp
from portal.downline.views.records import record_of


@bp.get("/agents/new", defaults={"kind": "agent"}, endpoint="new_agent")
@bp.get("/agencies/new", defaults={"kind": "agency"}, endpoint="new_agency")
@allow(Permission.DOWNLINE_EDIT)
def new(kind: str) -> Response:
    """An empty form."""
    return _form_page(kind, form_for(kind), None)


@bp.post("/agents/new", defaults={"kind": "agent"}, endpoint="add_agent")
@bp.post("/agencies/new", defaults={"kind": "agency"}, endpoint="add_agency")
@allow(Permission.DOWNLINE_EDIT)
def add(kind: str) -> Response:
    """Add the record and show it."""
    form = form_for(kind)
    if form.validate_on_submit():
        try:
            producer = operations.add_producer(kind, form.details(), by=scope.current())
        except Refused as refused:
            form[refused.field].errors = [str(refused)]
        else:
            flash(f"{producer.name} is in your downline.")
            return go(address_of(producer))
    return _form_page(kind, form, None, status=422)


@bp.get("/agents/<uuid:record_id>/edit", defaults={"kind": "agent"}, endpoint="edit_agent")
@bp.get("/agencies/<uuid:record_id>/edit", defaults={"kind": "agency"}, endpoint="edit_agency")
@allow(Permission.DOWNLINE_EDIT)
def edit(kind: str, record_id: UUID) -> Response:
    """The form, filled."""
    producer = record_of(kind, record_id)
    return _form_page(kind, form_for(kind, producer), producer)


@bp.post("/agents/<uuid:record_id>/edit", defaults={"kind": "agent"}, endpoint="change_agent")
@bp.post("/agencies/<uuid:record_id>/edit", defaults={"kind": "agency"}, endpoint="change_agency")
@allow(Permission.DOWNLINE_EDIT)
def change(kind: str, record_id: UUID) -> Response:
    """Save and show the record."""
    producer = record_of(kind, record_id)
    form = form_for(kind, producer)
    if form.validate_on_submit():
        try:
            changed = operations.edit_producer(producer, form.details(), by=scope.current())
        except Refused as refused:
            form[refused.field].errors = [str(refused)]
        else:
            flash("The changes are saved." if changed else "Nothing was changed.")
            return go(address_of(producer))
    return _form_page(kind, form, producer, status=422)


def _form_page(kind: str, form: AgentForm | AgencyForm, producer: Producer | None, status: int = 200) -> Response:
    back = address_of(producer) if producer else url_for(f"downline.{PLACES[kind]}")
    return page("downline/form.html", status=status, form=form, kind=kind, producer=producer, back=back)
