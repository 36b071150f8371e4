"""The page of a frozen file: columns then and now, and the decision."""

from __future__ import annotations

from uuid import UUID

from flask import Response, flash, request, url_for

from portal.book.drift import operations, queries
from portal.book.drift.operations import NotAccepted, Renamed
from portal.book.drift.queries import Shown
from portal.book.forms import RejectForm
from portal.book.models import FeedRun
from portal.book.views import bp
from portal.connectors.headers import Named
from portal.connectors.profile import KINDS
from portal.core import scope
from portal.core.fragments import go, page
from portal.core.lookup import find_or_404
from portal.core.permissions import Permission, allow

GONE = "gone"


@bp.get("/feeds/<uuid:run_id>/columns")
@allow(Permission.FEED_READ)
def feed_columns(run_id: UUID) -> Response:
    """What differs, and what the missing columns have probably become."""
    run = find_or_404(FeedRun, run_id)
    shown = queries.shown(run)
    if shown is None:
        return go(url_for("book.feed", run_id=run.id))
    proposed = {shown.then[old]: str(new) for old, new, _ in shown.drift.proposals}
    return _page(run, shown, {one: proposed.get(one, "") for one in shown.wanted})


@bp.post("/feeds/<uuid:run_id>/columns/accept")
@allow(Permission.FEED_LOAD)
def accept_columns(run_id: UUID) -> Response:
    """Accept the columns and load the file."""
    run = find_or_404(FeedRun, run_id)
    shown = queries.shown(run)
    if shown is None:
        return go(url_for("book.feed", run_id=run.id))
    said = {one: request.form.get(f"column-{shown.then.index(one)}", "") for one in shown.wanted}
    try:
        operations.accept(shown, _renamed(shown, said), by=scope.current(), sure="sure" in request.form)
    except NotAccepted as refused:
        return _page(run, shown, said, problems=refused.problems, status=422)
    flash("Accepted. Files with these columns are read without asking from now on; this one is being loaded.")
    return go(url_for("book.feed", run_id=run.id))


@bp.post("/feeds/<uuid:run_id>/columns/reject")
@allow(Permission.FEED_LOAD)
def reject_columns(run_id: UUID) -> Response:
    """Reject the file, with a reason."""
    run, form = find_or_404(FeedRun, run_id), RejectForm()
    shown = queries.shown(run)
    if shown is None:
        return go(url_for("book.feed", run_id=run.id))
    if not form.validate_on_submit():
        return _page(run, shown, dict.fromkeys(shown.wanted, ""), form=form, status=422)
    try:
        operations.reject(shown, form.reason.data.strip(), by=scope.current())
    except NotAccepted as refused:
        flash(str(refused), "error")
    return go(url_for("book.feed", run_id=run.id))


def _renamed(shown: Shown, said: dict[Named, str]) -> Renamed:
    """What each missing column is now; raises `NotAccepted` where nothing was said of one."""
    places = {str(shown.now.index(one)): one for one in shown.differs.new}
    silent = [one for one, word in said.items() if word != GONE and word not in places]
    if silent:
        raise NotAccepted(*(f"Say which column “{one.called}” is now, or that it is gone." for one in silent))
    return {one: places.get(word) for one, word in said.items()}


def _page(
    run: FeedRun,
    shown: Shown,
    said: dict[Named, str],
    *,
    problems: list[str] | None = None,
    form: RejectForm | None = None,
    status: int = 200,
) -> Response:
    return page(
        "book/columns.html",
        status=status,
        run=run,
        shown=shown,
        said=said,
        why={shown.then[old]: (shown.now[new], why) for old, new, why in shown.drift.proposals},
        problems=problems or [],
        form=form or RejectForm(),
        kinds=KINDS,
        gone=GONE,
    )
