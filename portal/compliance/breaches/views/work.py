"""What is done with a case: assessment, conclusion, carriers, the deliveries themselves, and the end."""

from __future__ import annotations

from uuid import UUID

from flask import Response, flash, url_for

from portal.compliance.breaches import affected, operations
from portal.compliance.breaches.forms import AssessForm, ConcludeForm, TellForm
from portal.compliance.breaches.models import BreachCase
from portal.compliance.breaches.operations import NotYet
from portal.compliance.breaches.views.cases import case_page
from portal.compliance.breaches.views.parts import bp
from portal.core.fragments import go
from portal.core.lookup import find_or_404
from portal.core.permissions import Permission, allow


def _back(case_id: UUID, words: str) -> Response:
    flash(words)
    return go(url_for("breaches.case", case_id=case_id))


@bp.post("/<uuid:case_id>/assessment")
@allow(Permission.DISCLOSURES)
def assess(case_id: UUID) -> Response:
    """Keep the four factors as far as they are answered."""
    found = find_or_404(BreachCase, case_id, to_change=True)
    form = AssessForm()
    if not form.validate_on_submit():
        return case_page(found, status=422, assess=form)
    told = {name: form[name].data for name in ("nature", "who", "viewed", "mitigation", "notes")}
    try:
        operations.assess(found, told)
    except NotYet as missing:
        return case_page(found, status=409, problem=str(missing))
    return _back(case_id, "The assessment is kept.")


@bp.post("/<uuid:case_id>/conclusion")
@allow(Permission.DISCLOSURES)
def conclude(case_id: UUID) -> Response:
    """Keep the conclusion."""
    found = find_or_404(BreachCase, case_id, to_change=True)
    form = ConcludeForm()
    if not form.validate_on_submit():
        return case_page(found, status=422, conclude=form)
    try:
        operations.conclude(found, form.conclusion.data, form.why.data)
    except NotYet as missing:
        return case_page(found, status=409, problem=str(missing), conclude=form)
    return _back(case_id, "The conclusion is kept.")


@bp.post("/<uuid:case_id>/told")
@allow(Permission.DISCLOSURES)
def tell(case_id: UUID) -> Response:
    """Note that a carrier was told."""
    found = find_or_404(BreachCase, case_id, to_change=True)
    figures, form = affected.find(found), TellForm()
    form.offer([(one.carrier, one.name) for one in figures.carriers if one.notice is None])
    if not form.validate_on_submit():
        return case_page(found, status=422, tell=form)
    try:
        operations.tell(found, figures, carrier=form.carrier.data, sent_on=form.sent_on.data, sent_to=form.sent_to.data)
    except NotYet as missing:
        return case_page(found, status=409, problem=str(missing))
    return _back(case_id, "It is noted that the carrier was told.")


@bp.post("/<uuid:case_id>/mark")
@allow(Permission.DISCLOSURES)
def mark(case_id: UUID) -> Response:
    """Find every delivery of the case wrong."""
    found = find_or_404(BreachCase, case_id, to_change=True)
    try:
        number = operations.mark(found)
    except NotYet as missing:
        return case_page(found, status=409, problem=str(missing))
    return _back(
        case_id, f"{number:,} more deliveries are now accountable." if number else "They all were wrong before."
    )


@bp.post("/<uuid:case_id>/close")
@allow(Permission.DISCLOSURES)
def close(case_id: UUID) -> Response:
    """Close the case."""
    found = find_or_404(BreachCase, case_id, to_change=True)
    try:
        operations.close(found, affected.find(found))
    except NotYet as missing:
        return case_page(found, status=409, problem=str(missing))
    return _back(case_id, "The case is closed.")
