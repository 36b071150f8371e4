"""Feed runs: the list, handing a file in, and a run while it moves and after."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response, flash, request, url_for

from portal.book import export, operations, queries, words
from portal.book.events import PROBLEMS_EXPORTED
from portal.book.forms import FeedForm
from portal.book.models import FeedRun
from portal.book.operations import AlreadyLoading, UnknownConnector
from portal.book.quarantine import queries as quarantine
from portal.book.queries.feeds import FEED_FILTERS, PROBLEM_FILTERS
from portal.book.undoing import queries as undoing
from portal.book.undoing.words import done
from portal.book.views import bp
from portal.core import clock, scope
from portal.core.csv_file import download
from portal.core.fragments import fragment, go, live, page
from portal.core.lookup import find_or_404
from portal.core.paging import read_query
from portal.core.permissions import Permission, allow
from portal.core.web import FILE_BYTES, takes

STOP_POLLING = 286  # htmx: take this answer and ask no more


@bp.get("/feeds")
@allow(Permission.FEED_READ)
def feeds() -> Response:
    """Feed runs, the newest first."""
    asked = read_query(request.path, request.args, filters=FEED_FILTERS, sorts=("when",), default="-when")
    listing = queries.feed_listing(asked)
    if state := asked.args.get("state"):
        listing.chip("State", "state", words.RUN_STATES.get(state, (state, ""))[0])
    if name := asked.args.get("connector"):
        listing.chip("SmartConnector", "connector", name)
    return page(
        "book/feeds.html",
        block="results",
        listing=listing,
        connectors=queries.connectors_by_ids(run.connector_id for run in listing.items),
        names=[one.name for one in queries.connectors()],
        words=words,
    )


@bp.get("/feeds/new")
@allow(Permission.FEED_LOAD)
def new_feed() -> Response:
    """The form."""
    return page("book/feed_new.html", form=_form())


@bp.post("/feeds/new")
@allow(Permission.FEED_LOAD)
@takes(FILE_BYTES)
def create_feed() -> Response:
    """Take the file in and show its run."""
    form = _form()
    if not form.validate_on_submit():
        return page("book/feed_new.html", status=422, form=form)
    sent = form.file.data
    try:
        run = operations.request_load(
            body=sent.stream,
            file_name=sent.filename,
            connector=form.connector.data or None,
            dry_run=form.dry_run.data,
            by=scope.current().actor_name,
        )
    except AlreadyLoading as error:
        if error.run is not None:
            flash(str(error))
            return go(url_for("book.feed", run_id=error.run.id))
        form.file.errors = [str(error)]
        return page("book/feed_new.html", status=422, form=form)
    except UnknownConnector as error:
        form.connector.errors = [str(error)]
        return page("book/feed_new.html", status=422, form=form)
    return go(url_for("book.feed", run_id=run.id))


def _form() -> FeedForm:
    form = FeedForm()
    form.offer([one.name for one in queries.connectors()])
    return form


@bp.get("/feeds/<uuid:run_id>")
@allow(Permission.FEED_READ)
def feed(run_id: UUID) -> Response:
    """One run: moving, or what it did, with the rows it did not take."""
    run = find_or_404(FeedRun, run_id)
    asked = read_query(request.path, request.args, filters=PROBLEM_FILTERS, sorts=("row",), default="row")
    listing = queries.problem_listing(run, asked)
    if outcome := asked.args.get("outcome"):
        listing.chip("Rows", "outcome", outcome.capitalize())
    waiting = quarantine.waiting_count(run)
    return page(
        "book/feed.html",
        block="results",
        listing=listing,
        waiting_rows=waiting,
        refused_rows=quarantine.places_of(run, [one.row for one in listing.items]),
        parent=queries.runs_by_ids({run.parent_id}).get(run.parent_id) if run.parent_id else None,
        **_shown(run),
    )


@bp.get("/feeds/<uuid:run_id>/progress")
@allow(Permission.FEED_READ)
@live
def feed_progress(run_id: UUID) -> Response:
    """Only the moving part; the answer that finds the run finished ends the asking."""
    run = find_or_404(FeedRun, run_id)
    over = run.status not in ("queued", "running") and not undoing.is_moving(run)
    return fragment("book/_run.html", status=STOP_POLLING if over else 200, **_shown(run))


def _shown(run: FeedRun) -> dict[str, Any]:
    undo = undoing.last_order(run)
    told = {"held": queries.held_of(run), "undo": undo, "undone": undo and undo.status == "done" and done(undo)}
    connector = queries.connectors_by_ids([run.connector_id]).get(run.connector_id) if run.connector_id else None
    return {"run": run, "connector": connector, **told, "words": words, "seconds_left": _seconds_left(run, clock.now())}


def _seconds_left(run: FeedRun, now: datetime) -> float | None:
    if run.started_at is None or not run.progress_total or not run.progress_done:
        return None
    rate = run.progress_done / max((now - run.started_at).total_seconds(), 0.1)
    return max(run.progress_total - run.progress_done, 0) / rate


@bp.get("/feeds/<uuid:run_id>/problems.csv")
@allow(Permission.FEED_READ, PROBLEMS_EXPORTED, fresh=True)
def feed_problems(run_id: UUID) -> Response:
    """Refused and dropped rows as a file."""
    run = find_or_404(FeedRun, run_id)
    return download(export.problems_csv(run), f"rows-not-taken-{run.id}.csv")
