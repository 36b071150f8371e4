"""What one run did, row by row, as pages; and the file that it was given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Response, flash, request, url_for
from werkzeug.utils import secure_filename

from portal.book import words
from portal.book.models import FeedRun
from portal.book.operations.staging import write_file
from portal.book.report import files, lines, operations, queries
from portal.book.report.events import ALTERED_SEEN, CHANGED_SEEN, INPUT_EXPORTED, NEW_SEEN, REPORT_EXPORTED
from portal.book.report.words import ALTERED
from portal.book.views import bp
from portal.core import access, scratch
from portal.core.fragments import go, page
from portal.core.lookup import find_or_404
from portal.core.paging import read_query
from portal.core.permissions import Permission, allow
from portal.core.table_files import XLSX, write_csv, write_workbook
from portal.core.transaction import not_yours


@bp.get("/feeds/<uuid:run_id>/new")
@allow(Permission.FEED_READ, NEW_SEEN)
def feed_new_policies(run_id: UUID) -> Response:
    """The policies that the run brought, or would bring."""
    run = find_or_404(FeedRun, run_id)
    asked = read_query(request.path, request.args, filters=(), sorts=("name",), default="name")
    listing, found = lines.new_listing(run, asked)
    return page("book/report/new.html", block="results", run=run, listing=listing, lines=found, words=words)


@bp.get("/feeds/<uuid:run_id>/changed")
@allow(Permission.FEED_READ, CHANGED_SEEN)
def feed_changes(run_id: UUID) -> Response:
    """What the run changed, field by field."""
    run = find_or_404(FeedRun, run_id)
    asked = read_query(request.path, request.args, filters=lines.FILTERS, sorts=("name",), default="name")
    listing, found = lines.changed_listing(run, asked)
    if kind := asked.args.get("kind"):
        listing.chip("Of", "kind", lines.KINDS.get(kind, kind))
    context: dict[str, Any] = {"run": run, "listing": listing, "lines": found, "kinds": lines.KINDS, "words": words}
    return page("book/report/changed.html", block="results", **context)


@bp.get("/feeds/<uuid:run_id>/altered")
@allow(Permission.FEED_READ, ALTERED_SEEN)
def feed_altered(run_id: UUID) -> Response:
    """What was read otherwise than the file spells it."""
    run = find_or_404(FeedRun, run_id)
    asked = read_query(request.path, request.args, filters=queries.FILTERS, sorts=("row",), default="row")
    listing = queries.altered_listing(run, asked)
    if kind := asked.args.get("what"):
        listing.chip("What", "what", ALTERED.get(kind, kind))
    if column := asked.args.get("column"):
        listing.chip("Column", "column", column)
    context: dict[str, Any] = {"run": run, "reading": queries.reading_of(run), "kinds": ALTERED, "words": words}
    return page("book/report/altered.html", block="results", listing=listing, **context)


@bp.post("/feeds/<uuid:run_id>/altered")
@allow(Permission.FEED_READ)
def read_feed_again(run_id: UUID) -> Response:
    """Order that the kept file is read once more for it."""
    run = find_or_404(FeedRun, run_id)
    operations.order_reading(run)
    return go(url_for("book.feed_altered", run_id=run.id))


@bp.get("/feeds/<uuid:run_id>/report.xlsx")
@allow(Permission.FEED_READ, REPORT_EXPORTED, fresh=True)
def feed_workbook(run_id: UUID) -> Response:
    """The whole report."""
    run = find_or_404(FeedRun, run_id)
    access.record(REPORT_EXPORTED, kind="feed", ids=[run.id], section="all")
    return _sent(lambda path: write_workbook(path, files.workbook(run)), f"report-{run.id}.xlsx", XLSX)


@bp.get("/feeds/<uuid:run_id>/report/<section>.csv")
@allow(Permission.FEED_READ, REPORT_EXPORTED, fresh=True)
def feed_section(run_id: UUID, section: str) -> Response:
    """One section of it."""
    run = find_or_404(FeedRun, run_id)
    if section not in files.SECTIONS:
        not_yours(asked_for=None)
    access.record(REPORT_EXPORTED, kind="feed", ids=[run.id], section=section)
    return _sent(
        lambda path: write_csv(path, files.part(run, section)), f"{section}-{run.id}.csv", "text/csv; charset=utf-8"
    )


@bp.post("/feeds/<uuid:run_id>/input")
@allow(Permission.FEED_INPUT, fresh=True)
def feed_input(run_id: UUID) -> Response:
    """The file as it is kept: what the carrier sent, without social security numbers."""
    run = find_or_404(FeedRun, run_id)
    if not queries.input_is_kept(run):
        flash("The file of this run is not kept any more. What it did is on this page.", "error")
        return go(url_for("book.feed", run_id=run.id))
    access.record(INPUT_EXPORTED, kind="feed", ids=[run.id], size=run.size)
    return _sent(
        lambda path: write_file(run, path.parent).rename(path), secure_filename(run.file_name) or "file",
        "application/octet-stream",
    )  # fmt: skip


def _sent(write: Callable[[Path], object], name: str, content_type: str) -> Response:
    """What `write` makes, as a file to keep; made whole before the first byte goes, so that its reading is logged."""
    with scratch.folder() as folder:
        path = folder / "made"
        write(path)
        file = path.open("rb")  # lives on without its name until it is sent

    def pieces() -> Iterator[bytes]:
        with file:
            while piece := file.read(1 << 16):
                yield piece

    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return Response(pieces(), content_type=content_type, headers=headers)
