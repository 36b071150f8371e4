"""Held changes: what waits for a second admin, who gains and who loses, and the decision."""

from __future__ import annotations

from uuid import UUID

from flask import Response, flash, request, url_for

from portal.book import held_words, operations, queries
from portal.book.absence.short import short_from
from portal.book.effect import effect_from
from portal.book.forms import ApproveForm, RejectForm
from portal.book.models import HeldChange
from portal.book.operations import NotDecided
from portal.book.queries.held import HELD_FILTERS
from portal.book.views import bp
from portal.core import scope
from portal.core.fragments import go, page
from portal.core.lookup import find_or_404
from portal.core.paging import read_query
from portal.core.permissions import Permission, allow
from portal.core.scope import Scope
from portal.downline import queries as downline
from portal.downline.hooks import Held
from portal.extensions import db
from portal.identity.models import Fmo

SHOWN = 200
_APPROVED = {
    "file": "Approved. The file is being loaded now.",
    "shrunk_file": "Approved. The file is being loaded now.",
    "undo": "Approved. The run is being undone now.",
}


@bp.app_errorhandler(Held)
def held_back(held: Held) -> Response:
    """Wherever a change was held, its asker is shown what waits; this answer commits it."""
    flash(str(held))
    return go(url_for("book.held_change", held_id=held.held_id))


@bp.get("/held")
@allow(Permission.HELD_READ)
def held_changes() -> Response:
    """What waits first, then the newest."""
    asked = read_query(request.path, request.args, filters=HELD_FILTERS, sorts=("when",), default="-when")
    listing = queries.held_listing(asked)
    if state := asked.args.get("state"):
        listing.chip("State", "state", held_words.STATES.get(state, (state, ""))[0])
    return page("book/held.html", block="results", listing=listing, words=held_words)


@bp.get("/held/<uuid:held_id>")
@allow(Permission.HELD_READ)
def held_change(held_id: UUID) -> Response:
    """One held change."""
    return _shown(find_or_404(HeldChange, held_id), RejectForm())


@bp.post("/held/<uuid:held_id>/approve")
@allow(Permission.HELD_DECIDE)
def approve_held(held_id: UUID) -> Response:
    """Say yes."""
    held = find_or_404(HeldChange, held_id)
    try:
        operations.approve(held.id, ApproveForm().shown.data or "", by=scope.current())
    except NotDecided as refused:
        flash(str(refused), "error")
    else:
        flash(_APPROVED.get(held.kind, "Approved, and done."))
    if held.kind in _APPROVED and held.status == "approved":
        return go(url_for("book.feed", run_id=held.subject_id))
    return go(url_for("book.held_change", held_id=held.id))


@bp.post("/held/<uuid:held_id>/reject")
@allow(Permission.HELD_DECIDE)
def reject_held(held_id: UUID) -> Response:
    """Say no, with a reason."""
    held, form = find_or_404(HeldChange, held_id), RejectForm()
    if not form.validate_on_submit():
        return _shown(held, form, status=422)
    try:
        operations.reject(held.id, form.reason.data.strip(), by=scope.current())
    except NotDecided as refused:
        flash(str(refused), "error")
    else:
        done = "Withdrawn" if _is_mine(held, scope.current()) else "Rejected"
        flash(f"{done}. Nothing was changed.")
    return go(url_for("book.held_change", held_id=held.id))


def _shown(held: HeldChange, form: RejectForm, status: int = 200) -> Response:
    effect = effect_from(held.effect, held.digest)
    shares, by, short = effect.shares(), scope.current(), short_from(held.effect)
    npns = [one.npn for one in shares[:SHOWN]] if short is None else [npn for npn, _ in short.marks[:SHOWN] if npn]
    accounts = queries.accounts_concerned(effect, held.decided_at)
    return page(
        "book/held_change.html",
        status=status,
        held=held,
        effect=effect,
        shares=shares[:SHOWN],
        more=max(0, len(shares) - SHOWN),
        agents=downline.by_npns(npns),
        short=short,
        most=SHOWN,
        accounts=accounts[:SHOWN],
        more_accounts=max(0, len(accounts) - SHOWN),
        lines=held.arguments.get("lines", [])[:SHOWN],
        more_lines=max(0, len(held.arguments.get("lines", [])) - SHOWN),
        form=form,
        approve_form=ApproveForm(shown=held.digest),
        mine=_is_mine(held, by),
        alone=held.status == "waiting" and short is None and queries.other_admins(held.asked_by) == 0,
        slug=db.session.get_one(Fmo, by.fmo_id).slug,
        words=held_words,
    )


def _is_mine(held: HeldChange, by: Scope) -> bool:
    """Whether `by` asked for it and may therefore only withdraw it."""
    return held.kind != "shrunk_file" and held.asked_by is not None and held.asked_by == by.actor_id
