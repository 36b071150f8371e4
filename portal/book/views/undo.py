"""Undoing a run: what it would take back, from whom, what it cannot, and the click."""

from __future__ import annotations

from uuid import UUID

from flask import Response, flash, url_for

from portal.book import words
from portal.book.forms import UndoForm
from portal.book.models import FeedRun
from portal.book.undoing import operations, queries
from portal.book.undoing.events import LOOKED
from portal.book.undoing.operations import NotUndone
from portal.book.undoing.queries import Plan
from portal.book.undoing.words import WHY_STUCK, said
from portal.book.views import bp
from portal.core import access, scope
from portal.core.fragments import go, page
from portal.core.lookup import find_or_404
from portal.core.permissions import Permission, allow

SHOWN = 200


@bp.get("/feeds/<uuid:run_id>/undo")
@allow(Permission.FEED_UNDO, LOOKED)
def undo_feed(run_id: UUID) -> Response:
    """What would happen."""
    run = find_or_404(FeedRun, run_id)
    access.record(LOOKED, kind="feed", ids=[run.id])
    never = queries.why_never(run)
    plan = None if never else queries.plan_of(run)
    return _shown(run, never, plan, UndoForm(formdata=None, shown=plan.digest if plan else ""))


@bp.post("/feeds/<uuid:run_id>/undo")
@allow(Permission.FEED_UNDO)
def order_undo(run_id: UUID) -> Response:
    """Order exactly what was shown."""
    run, form = find_or_404(FeedRun, run_id), UndoForm()
    if not form.validate_on_submit():
        return go(url_for("book.undo_feed", run_id=run.id))
    try:
        operations.order(run, shown=form.shown.data or "", partly=form.partly.data, by=scope.current())
    except NotUndone as problem:
        flash(str(problem), "error")
        return go(url_for("book.undo_feed", run_id=run.id))
    return go(url_for("book.feed", run_id=run.id))


def _shown(run: FeedRun, never: str | None, plan: Plan | None, form: UndoForm) -> Response:
    stuck = queries.stuck_policies(run) if plan and plan.stuck else []
    served = queries.accounts_served(run) if plan else []
    return page(
        "book/undo.html",
        run=run,
        never=never,
        plan=plan,
        said=said(plan) if plan else "",
        stuck=stuck,
        more_stuck=plan.stuck - len(stuck) if plan else 0,
        served=served[:SHOWN],
        more_served=max(0, len(served) - SHOWN),
        copies=sum(copies for _, copies in served),
        why=WHY_STUCK,
        form=form,
        words=words,
    )
