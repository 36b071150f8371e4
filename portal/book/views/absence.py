"""What a carrier's files are together, and what a run found missing."""

from __future__ import annotations

from uuid import UUID

from flask import Response, flash, url_for

from portal.book.absence import export, operations, queries
from portal.book.absence.events import MISSING_EXPORTED
from portal.book.absence.forms import FullSetForm
from portal.book.models import Connector, FeedRun
from portal.book.views import bp
from portal.core.csv_file import download
from portal.core.fragments import go, page
from portal.core.lookup import find_or_404
from portal.core.permissions import Permission, allow
from portal.core.words import counted


@bp.get("/connectors/<uuid:connector_id>/full-set")
@allow(Permission.FEED_LOAD)
def full_set(connector_id: UUID) -> Response:
    """What holds of the connector's files."""
    found, form = find_or_404(Connector, connector_id), FullSetForm()
    form.fill(queries.declared(found).full_set)
    return page("book/full_set.html", connector=found, form=form)


@bp.post("/connectors/<uuid:connector_id>/full-set")
@allow(Permission.FEED_LOAD)
def declare_full_set(connector_id: UUID) -> Response:
    """Say what the connector's files are."""
    found, form = find_or_404(Connector, connector_id), FullSetForm()
    if not form.validate_on_submit():
        return page("book/full_set.html", status=422, connector=found, form=form)
    try:
        unmarked = operations.declare(found, form.wanted())
    except ValueError as refused:
        form.words.errors = [str(refused)]
        return page("book/full_set.html", status=422, connector=found, form=form)
    lost = f" {counted(unmarked, 'policy', 'policies')} lost the mark." if unmarked else ""
    flash(f"Saved; the change is in the access log.{lost}")
    return go(url_for("book.connector", connector_id=found.id))


@bp.get("/feeds/<uuid:run_id>/missing.csv")
@allow(Permission.FEED_READ, MISSING_EXPORTED, fresh=True)
def feed_missing(run_id: UUID) -> Response:
    """What the run marked, as a file."""
    run = find_or_404(FeedRun, run_id)
    return download(export.missing_csv(run), f"missing-from-the-feed-{run.id}.csv")
