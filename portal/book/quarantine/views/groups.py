"""One decision for all rows of a cause, and the decisions that later files are read by."""

from __future__ import annotations

from uuid import UUID

from flask import Response, flash, url_for

from portal.book.models import Connector
from portal.book.quarantine import operations, queries, words
from portal.book.quarantine.cells import CellView, Closed, open_row
from portal.book.quarantine.events import SEEN
from portal.book.quarantine.forms import DismissForm, MeaningForm
from portal.book.quarantine.models import RefusedRow
from portal.book.quarantine.operations import Taken
from portal.book.views import bp
from portal.core import scope
from portal.core.fragments import go, page
from portal.core.lookup import find_or_404
from portal.core.permissions import Permission, allow
from portal.core.transaction import not_yours
from portal.core.words import counted


@bp.get("/quarantine/<uuid:row_id>/group")
@allow(Permission.BOOK_READ, SEEN)
def refused_group(row_id: UUID) -> Response:
    """All rows of the same cause as this one."""
    return _group_page(find_or_404(RefusedRow, row_id))


@bp.post("/quarantine/<uuid:row_id>/group")
@allow(Permission.FEED_LOAD, SEEN)
def decide_group(row_id: UUID) -> Response:
    """Say what the word means, and load every row that has it."""
    sample, form = find_or_404(RefusedRow, row_id), MeaningForm()
    view = _refused_cell(sample)
    if view is None or view.field != "status" or not sample.grouped:
        return _group_page(sample, status=422)
    if not form.validate_on_submit():
        return _group_page(sample, meaning=form, status=422)
    try:
        done = operations.decide_group(sample, form.meant.data, learn=form.learn.data, by=scope.current())
    except (Closed, Taken) as refused:
        flash(str(refused), "error")
        return go(url_for("book.quarantine"))
    if not done.sent and not done.left:
        flash(words.SECOND, "error")
        return go(url_for("book.quarantine"))
    said = words.sent(done.sent, int(form.learn.data))
    if done.left:
        said += f" {counted(done.left, 'row', 'rows')} still cannot be read, for another reason too, and waits on."
    flash(said)
    if len(done.runs) == 1:
        return go(url_for("book.feed", run_id=done.runs[0].id))
    return go(url_for("book.quarantine"))


@bp.post("/quarantine/<uuid:row_id>/group/dismiss")
@allow(Permission.FEED_LOAD)
def dismiss_group(row_id: UUID) -> Response:
    """Do nothing about any row of this cause."""
    sample, form = find_or_404(RefusedRow, row_id), DismissForm()
    if not form.validate_on_submit():
        return _group_page(sample, dismissing=form, status=422)
    done = operations.dismiss_group(sample, form.why.data.strip(), by=scope.current())
    flash(f"{counted(done, 'row')} dismissed. The same rows are not asked about again." if done else words.SECOND)
    return go(url_for("book.quarantine"))


def _refused_cell(sample: RefusedRow) -> CellView | None:
    try:
        views = open_row(sample, queries.layout_of(sample)).views()
    except Closed:
        return None
    return next((view for view in views if view.refused), None)


def _group_page(
    sample: RefusedRow,
    *,
    meaning: MeaningForm | None = None,
    dismissing: DismissForm | None = None,
    status: int = 200,
) -> Response:
    view = _refused_cell(sample)
    return page(
        "quarantine/group.html",
        status=status,
        sample=sample,
        rows=queries.count_of_cause(sample),
        most=queries.MOST_AT_ONCE,
        connector=find_or_404(Connector, sample.connector_id),
        word=view.written if view and sample.grouped else None,
        is_status=view is not None and view.field == "status" and sample.grouped,
        meaning=meaning or MeaningForm(formdata=None),
        dismissing=dismissing or DismissForm(formdata=None),
        words=words,
    )


@bp.post("/connectors/<uuid:connector_id>/aliases/<uuid:alias_id>/end")
@allow(Permission.FEED_LOAD)
def end_alias(connector_id: UUID, alias_id: UUID) -> Response:
    """Read a value as the layout says again."""
    connector = find_or_404(Connector, connector_id)
    alias = queries.alias_of(connector.id, alias_id)
    if alias is None:
        not_yours()
    if operations.revoke(alias, by=scope.current()):
        flash("Ended. Later files are read without it; what is in the book stays as it is.")
    else:
        flash("Somebody has ended this already. Nothing was changed.", "error")
    return go(url_for("book.connector", connector_id=connector.id))
