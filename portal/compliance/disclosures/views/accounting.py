"""One member's disclosures, the file of them, and those that an officer types in."""

from __future__ import annotations

from uuid import UUID

from flask import Response, flash, request, url_for

from portal.compliance.disclosures import accounting, events, files, operations, queries
from portal.compliance.disclosures.accounting import Accounting
from portal.compliance.disclosures.forms import RecordForm, StrikeForm
from portal.compliance.disclosures.models import RecordedDisclosure
from portal.compliance.disclosures.views.parts import bp
from portal.core import access, clock, csv_file
from portal.core.fragments import go, page
from portal.core.lookup import find_or_404
from portal.core.permissions import Permission, allow
from portal.core.transaction import not_yours


def found_or_404(member_id: UUID) -> Accounting:
    """The accounting of a member of the FMO in the time that the address asks for."""
    found = accounting.of_member(member_id, accounting.period(request.args))
    if found is None:
        not_yours(asked_for=member_id)
    return found


@bp.get("/<uuid:member_id>")
@allow(Permission.DISCLOSURES, events.ACCOUNTING)
def member(member_id: UUID) -> Response:
    """Everything that was disclosed of a member, accountable or not, and why."""
    found = found_or_404(member_id)
    access.record(events.ACCOUNTING, kind="member", ids=[member_id], members={member_id}, lines=len(found.lines))
    return page(
        "compliance/disclosures/member.html", found=found, requests=queries.requests_of(member_id), state=queries.state
    )


@bp.get("/<uuid:member_id>/disclosures.csv")
@allow(Permission.ACCESS_EXPORT, events.ACCOUNTING_EXPORT, fresh=True)
def member_file(member_id: UUID) -> Response:
    """The same as a file."""
    found = found_or_404(member_id)
    lines = len(found.lines)
    access.record(events.ACCOUNTING_EXPORT, kind="member", ids=[member_id], members={member_id}, lines=lines)
    return csv_file.download(files.accounting(found), f"disclosures-{clock.today().isoformat()}.csv")


@bp.get("/<uuid:member_id>/record")
@allow(Permission.DISCLOSURES)
def new_record(member_id: UUID) -> Response:
    """The form for a disclosure outside the portal."""
    found_or_404(member_id)
    form = RecordForm(formdata=None)
    form.offer()
    return page("compliance/disclosures/record.html", form=form, member_id=member_id)


@bp.post("/<uuid:member_id>/record")
@allow(Permission.DISCLOSURES, events.ACCOUNTING)
def add_record(member_id: UUID) -> Response:
    """Keep it."""
    found_or_404(member_id)
    form = RecordForm()
    form.offer()
    if not form.validate_on_submit():
        return page("compliance/disclosures/record.html", form=form, member_id=member_id, status=422)
    operations.record(
        member_id,
        day=form.disclosed_on.data,
        kind=form.kind.data,
        withheld_until=form.withheld_until.data,
        recipient=form.recipient.data,
        address=form.address.data,
        what=form.what.data,
        purpose=form.purpose.data,
    )
    flash("The disclosure is recorded.")
    return go(url_for("disclosures.member", member_id=member_id))


@bp.get("/recorded/<uuid:disclosure_id>")
@allow(Permission.DISCLOSURES)
def recorded(disclosure_id: UUID) -> Response:
    """One that was typed in, and the form that strikes it out."""
    return _recorded_page(find_or_404(RecordedDisclosure, disclosure_id), StrikeForm(formdata=None))


def _recorded_page(found: RecordedDisclosure, form: StrikeForm, status: int = 200) -> Response:
    line, why = accounting.recorded_line(found), accounting.struck_why(found)
    return page("compliance/disclosures/recorded.html", one=found, line=line, why=why, form=form, status=status)


@bp.post("/recorded/<uuid:disclosure_id>")
@allow(Permission.DISCLOSURES)
def strike(disclosure_id: UUID) -> Response:
    """Strike it out."""
    found = find_or_404(RecordedDisclosure, disclosure_id, to_change=True)
    form = StrikeForm()
    if not form.validate_on_submit():
        return _recorded_page(found, form, 422)
    done = operations.strike(found, form.why.data)
    flash(
        "The line is struck out. It stays on the page, and the member is not told of it."
        if done
        else "It was struck out before; nothing was changed."
    )
    return go(url_for("disclosures.member", member_id=found.member_id))
