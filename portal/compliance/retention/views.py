"""The officers' page about keeping the log: the term, legal holds, archived months and their end."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, flash, request, url_for

from portal.compliance.retention import events, operations, queries
from portal.compliance.retention.forms import HoldForm, LiftForm, TermForm
from portal.compliance.retention.models import LegalHold, LogArchive
from portal.core import access, scope
from portal.core.fragments import go, page
from portal.core.lookup import find_or_404
from portal.core.permissions import Permission, allow

bp = Blueprint("retention", __name__, url_prefix="/compliance/retention")


@bp.get("")
@allow(Permission.RETENTION, events.SEEN)
def retention() -> Response:
    """Everything about keeping the log on one page."""
    return _page(TermForm(formdata=None, data={"years": queries.years()}))


def _page(form: TermForm, status: int = 200) -> Response:
    holds = queries.holds()
    access.record(events.SEEN, members={one for hold in holds for one in queries.members_of(hold.row)})
    return page(
        "compliance/retention/retention.html",
        status=status,
        form=form,
        years=queries.years(),
        oldest=queries.oldest(),
        holds=holds,
        kinds=queries.KINDS,
        archives=queries.archives(),
        me=scope.current().actor_id,
    )


@bp.post("/term")
@allow(Permission.RETENTION, events.SEEN, fresh=True)
def change_term() -> Response:
    """Keep the log for another number of years."""
    form = TermForm()
    if not form.validate_on_submit():
        return _page(form, status=422)
    changed = operations.set_term(form.years.data, by=scope.current())
    flash(f"The log is kept for {form.years.data} years now." if changed else "Nothing was changed: it is so already.")
    return go(url_for("retention.retention"))


@bp.get("/holds/new")
@allow(Permission.RETENTION)
def new_hold() -> Response:
    """The form that places a hold; the address may name what it is about."""
    given = {name: request.args.get(name, "")[:200] for name in ("kind", "subject")}
    return page("compliance/retention/hold.html", form=HoldForm(formdata=None, data=given))


@bp.post("/holds/new")
@allow(Permission.RETENTION, events.SEEN)
def place_hold() -> Response:
    """Place it; it holds at once."""
    form = HoldForm()
    if not form.validate_on_submit():
        return page("compliance/retention/hold.html", form=form, status=422)
    operations.place(form.kind.data, form.subject_id, form.reason.data, by=scope.current())
    flash("The legal hold is in force. No month that it is about leaves the log until another officer lifts it.")
    return go(url_for("retention.retention"))


@bp.get("/holds/<uuid:hold_id>/lift")
@allow(Permission.RETENTION, events.SEEN)
def ask_to_lift(hold_id: UUID) -> Response:
    """The form that lifts a hold."""
    return _lifting(find_or_404(LegalHold, hold_id), LiftForm(formdata=None))


@bp.post("/holds/<uuid:hold_id>/lift")
@allow(Permission.RETENTION, events.SEEN, fresh=True)
def lift_hold(hold_id: UUID) -> Response:
    """Lift it, where another officer placed it."""
    hold, form = find_or_404(LegalHold, hold_id, to_change=True), LiftForm()
    if hold.lifted_at is None and not form.validate_on_submit():
        return _lifting(hold, form, status=422)
    lifted = operations.lift(hold, form.reason.data, by=scope.current())
    flash(
        "The legal hold is lifted."
        if lifted
        else "Nothing was changed: you placed it yourself, or it was lifted before."
    )
    return go(url_for("retention.retention"))


def _lifting(hold: LegalHold, form: LiftForm, status: int = 200) -> Response:
    told = queries.in_words(hold)
    access.record(events.SEEN, kind="legal_hold", ids=[hold.id], members=queries.members_of(hold))
    mine = hold.placed_by == scope.current().actor_id
    return page("compliance/retention/lift.html", hold=told, form=form, mine=mine, kinds=queries.KINDS, status=status)


@bp.post("/archives/<uuid:archive_id>/approve")
@allow(Permission.RETENTION, events.SEEN, fresh=True)
def approve(archive_id: UUID) -> Response:
    """Say that an archived month may leave the log."""
    archive = find_or_404(LogArchive, archive_id, to_change=True)
    approved = operations.approve(archive, by=scope.current())
    flash("Your approval is kept." if approved else "Nothing was changed: you approved it before, or two people have.")
    return go(url_for("retention.retention"))
