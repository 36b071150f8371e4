"""The carrier identifiers on a record: add, correct, end."""

from __future__ import annotations

from uuid import UUID

from flask import Response, flash, request

from portal.core import scope
from portal.core.fragments import go, page
from portal.core.permissions import Permission, allow
from portal.core.transaction import not_yours
from portal.downline import operations, queries
from portal.downline.forms.identifiers import EditIdentifierForm, EndIdentifierForm, NewIdentifierForm
from portal.downline.keys import KINDS, carriers
from portal.downline.models import CarrierIdentifier, Producer
from portal.downline.operations import Refused
from portal.downline.views import address_of, bp


def _find(record_id: UUID, identifier_id: UUID | None = None) -> tuple[Producer, CarrierIdentifier | None]:
    producer = queries.by_id(record_id)
    if producer is None:
        not_yours()
    if identifier_id is None:
        return producer, None
    line = queries.identifier_of(producer, identifier_id)
    if line is None:
        not_yours()
    return producer, line


@bp.get("/identifiers/<uuid:record_id>/new")
@allow(Permission.DOWNLINE_EDIT)
def new_identifier(record_id: UUID) -> Response:
    """A form, with what the address says of the identifier."""
    producer, _ = _find(record_id)
    given = {key: request.args[key] for key in ("carrier", "kind", "value") if key in request.args}
    return _page("new", NewIdentifierForm(**given), producer)


@bp.post("/identifiers/<uuid:record_id>/new")
@allow(Permission.DOWNLINE_EDIT)
def add_identifier(record_id: UUID) -> Response:
    """Add the line and return to the record, telling where it contradicts another."""
    producer, _ = _find(record_id)
    form = NewIdentifierForm()
    if form.validate_on_submit():
        try:
            line = operations.add_identifier(
                producer,
                carrier=form.carrier.data,
                kind=form.kind.data,
                value=form.value.data,
                valid_from=form.valid_from.data,
                valid_to=form.valid_to.data,
                by=scope.current(),
            )
        except Refused as refused:
            form[refused.field].errors = [str(refused)]
        else:
            return _saved(line, producer)
    return _page("new", form, producer, status=422)


@bp.get("/identifiers/<uuid:record_id>/<uuid:identifier_id>")
@allow(Permission.DOWNLINE_EDIT)
def edit_identifier(record_id: UUID, identifier_id: UUID) -> Response:
    """The form, filled; a TIN is never shown again."""
    producer, line = _find(record_id, identifier_id)
    assert line is not None
    form = EditIdentifierForm(obj=line)
    form.value.data = None if line.kind == "tin" else line.shown
    return _page("edit", form, producer, line)


@bp.post("/identifiers/<uuid:record_id>/<uuid:identifier_id>")
@allow(Permission.DOWNLINE_EDIT)
def change_identifier(record_id: UUID, identifier_id: UUID) -> Response:
    """Save and return to the record."""
    producer, line = _find(record_id, identifier_id)
    assert line is not None
    form = EditIdentifierForm()
    if form.validate_on_submit():
        try:
            operations.edit_identifier(
                line,
                value=form.value.data,
                valid_from=form.valid_from.data,
                valid_to=form.valid_to.data,
                by=scope.current(),
            )
        except Refused as refused:
            form[refused.field].errors = [str(refused)]
        else:
            return _saved(line, producer)
    return _page("edit", form, producer, line, status=422)


@bp.get("/identifiers/<uuid:record_id>/<uuid:identifier_id>/end")
@allow(Permission.DOWNLINE_EDIT)
def ending_identifier(record_id: UUID, identifier_id: UUID) -> Response:
    """Ask for the last day."""
    producer, line = _find(record_id, identifier_id)
    return _page("end", EndIdentifierForm(), producer, line)


@bp.post("/identifiers/<uuid:record_id>/<uuid:identifier_id>/end")
@allow(Permission.DOWNLINE_EDIT)
def end_identifier(record_id: UUID, identifier_id: UUID) -> Response:
    """End the line and return to the record."""
    producer, line = _find(record_id, identifier_id)
    assert line is not None
    form = EndIdentifierForm()
    if form.validate_on_submit():
        try:
            operations.end_identifier(line, last_day=form.last_day.data, by=scope.current())
        except Refused as refused:
            form[refused.field].errors = [str(refused)]
        else:
            flash("The identifier is ended.")
            return go(address_of(producer))
    return _page("end", form, producer, line, status=422)


def _saved(line: CarrierIdentifier, producer: Producer) -> Response:
    others = sorted({other.npn for other in queries.contradicting(line)})
    if others:
        flash(
            f"The identifier is saved, but in the same time it also belongs to NPN {', '.join(others)}. "
            "Policies that carry it stay unattributed until one of the lines is ended.",
            "error",
        )
    else:
        flash("The identifier is saved.")
    return go(address_of(producer))


def _page(
    what: str, form: object, producer: Producer, line: CarrierIdentifier | None = None, status: int = 200
) -> Response:
    return page(
        "downline/identifier.html",
        status=status,
        what=what,
        form=form,
        producer=producer,
        line=line,
        back=address_of(producer),
        carrier_names=dict(carriers()),
        kind_names=KINDS,
    )
