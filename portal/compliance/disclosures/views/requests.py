"""Requests for an accounting: the list, the form, the letter, and the answer."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from flask import Response, flash, url_for

from portal.compliance.breaches import queries as cases
from portal.compliance.disclosures import accounting, events, office, operations, queries, told
from portal.compliance.disclosures.accounting import Period
from portal.compliance.disclosures.forms import PutOffForm, RequestForm
from portal.compliance.disclosures.models import AccountingRequest
from portal.compliance.disclosures.views.accounting import found_or_404
from portal.compliance.disclosures.views.parts import bp
from portal.core import access, clock
from portal.core.crypto import decrypt
from portal.core.fragments import go, page
from portal.core.lookup import find_or_404
from portal.core.permissions import Permission, allow


@bp.get("")
@allow(Permission.DISCLOSURES, events.HOME)
def home() -> Response:
    """What waits: requests, deliveries to judge, cases."""
    return page(
        "compliance/disclosures/home.html",
        requests=queries.requests(),
        state=queries.state,
        doubts=queries.waiting_doubts(),
        cases=cases.open_cases(),
        office=office.held(),
    )


@bp.get("/<uuid:member_id>/request")
@allow(Permission.DISCLOSURES)
def new_request(member_id: UUID) -> Response:
    """The form for a member's request."""
    found_or_404(member_id)
    most = accounting.six_years()
    form = RequestForm(formdata=None, received_on=clock.today(), first_day=most.first, last_day=most.last)
    return page("compliance/disclosures/request_new.html", form=form, member_id=member_id)


@bp.post("/<uuid:member_id>/request")
@allow(Permission.DISCLOSURES)
def add_request(member_id: UUID) -> Response:
    """Keep the request."""
    found_or_404(member_id)
    form = RequestForm()
    if not form.validate_on_submit():
        return page("compliance/disclosures/request_new.html", form=form, member_id=member_id, status=422)
    asked = Period(form.first_day.data, form.last_day.data)
    made = operations.request(
        member_id, received_on=form.received_on.data, asked=asked, send_to=form.send_to.data, note=form.note.data
    )
    flash("The request is recorded. Open the letter, send it, then say that it was answered.")
    return go(url_for("disclosures.asked", request_id=made))


@bp.get("/requests/<uuid:request_id>")
@allow(Permission.DISCLOSURES, events.REQUEST_SEEN)
def asked(request_id: UUID) -> Response:
    """One request, how it stands, and what the answer would be."""
    return _page(find_or_404(AccountingRequest, request_id), PutOffForm(formdata=None))


def _page(found: AccountingRequest, form: PutOffForm, status: int = 200) -> Response:
    made = accounting.of_member(found.member_id, Period(found.first_day, found.last_day))
    return page(
        "compliance/disclosures/request.html",
        status=status,
        asked=found,
        state=queries.state(found),
        **_opened(found),
        lines=len(made.told) if made else 0,
        waiting=made.waiting if made else 0,
        free=queries.is_first_of_year(found),
        form=form,
        may_put_off=found.put_off_on is None and found.answered_on is None and clock.today() <= found.due_on,
    )


def _opened(found: AccountingRequest) -> dict[str, Any]:
    opened: dict[str, Any] = json.loads(decrypt(found.told, fmo_id=found.fmo_id, field="accounting_request.told"))
    return opened


@bp.get("/requests/<uuid:request_id>/letter")
@allow(Permission.DISCLOSURES, events.LETTER, fresh=True)
def letter(request_id: UUID) -> Response:
    """The member's letter, with the accountable disclosures and the name: the request is why it is shown."""
    found = find_or_404(AccountingRequest, request_id)
    made = accounting.of_member(found.member_id, Period(found.first_day, found.last_day))
    lines = made.told if made else []
    mine = {found.member_id}
    access.record(
        events.LETTER,
        kind="accounting_request",
        ids=[found.id],
        members=mine,
        fields=["name"],
        reason=f"Request received on {found.received_on.isoformat()}",
        lines=len(lines),
    )
    name = told.names([found.member_id]).get(found.member_id)
    return page(
        "compliance/disclosures/letter.html",
        asked=found,
        lines=lines,
        name=name,
        send_to=_opened(found)["send_to"],
        office=office.held(),
    )


@bp.post("/requests/<uuid:request_id>/put-off")
@allow(Permission.DISCLOSURES, events.REQUEST_SEEN)
def put_off(request_id: UUID) -> Response:
    """Put the answer off, once."""
    found = find_or_404(AccountingRequest, request_id, to_change=True)
    form = PutOffForm()
    if not form.validate_on_submit():
        return _page(found, form, 422)
    if operations.put_off(found, form.why.data):
        flash(f"The answer is now due on {clock.day(found.due_on)}. Tell the member so in writing.")
    else:
        flash("The answer can be put off once, before it is due. Nothing was changed.", "error")
    return go(url_for("disclosures.asked", request_id=request_id))


@bp.post("/requests/<uuid:request_id>/answer")
@allow(Permission.DISCLOSURES)
def answer(request_id: UUID) -> Response:
    """Note that the letter was sent."""
    found = find_or_404(AccountingRequest, request_id, to_change=True)
    lines = operations.answer(found)
    flash("The answer is noted." if lines is not None else "It was answered before; nothing was changed.")
    return go(url_for("disclosures.asked", request_id=request_id))
