"""Mappings that begin with a kept file: of a connector whose files are read anew, or of a run that no layout fits."""

from __future__ import annotations

from uuid import UUID

from flask import Response, flash, request, url_for

from portal.book import queries
from portal.book.layouts import known
from portal.book.mapping import MAX_BYTES, events, operations
from portal.book.models import Connector, FeedRun
from portal.book.operations.request import HandedIn
from portal.book.operations.staging import write_file
from portal.book.views import bp
from portal.connectors.rows import FileRefused
from portal.connectors.social_security import emptied_notes
from portal.core import scope, scratch
from portal.core.fragments import go, page
from portal.core.lookup import find_or_404
from portal.core.permissions import Permission, allow
from portal.core.web import FILE_BYTES, takes


@bp.get("/connectors/<uuid:connector_id>/edit")
@allow(Permission.FEED_LOAD, events.SAMPLE_READ)
def edit_mapping(connector_id: UUID) -> Response:
    """Choose on which file the change is checked."""
    found = find_or_404(Connector, connector_id)
    return _page(found, None)


@bp.post("/connectors/<uuid:connector_id>/edit")
@allow(Permission.FEED_LOAD, events.SAMPLE_READ)
@takes(FILE_BYTES)
def start_edit(connector_id: UUID) -> Response:
    """Begin with the connector's last file or with a sample."""
    found = find_or_404(Connector, connector_id)
    if not _is_own(found):
        return _page(found, None, status=422)
    try:
        data, name, was = _last_file(found) if "last" in request.form else _sent()
        made = operations.start(data, name, by=scope.current(), connector=found, was=was)
    except FileRefused as problem:
        return _page(found, str(problem), status=422)
    return go(url_for("book.mapping_file", draft_id=made.draft.id))


@bp.post("/feeds/<uuid:run_id>/map")
@allow(Permission.FEED_LOAD, events.SAMPLE_READ)
def map_file(run_id: UUID) -> Response:
    """Begin a mapping with the file of a run that no layout fits."""
    run = find_or_404(FeedRun, run_id)
    try:
        made = operations.start(_bytes_of(run), run.file_name, by=scope.current(), was=_was(run))
    except FileRefused as problem:
        flash(f"This file cannot be mapped as it is. {problem}", "error")
        return go(url_for("book.feed", run_id=run.id))
    return go(url_for("book.mapping_file", draft_id=made.draft.id))


def _is_own(connector: Connector) -> bool:
    layouts = known()
    return layouts.of(connector) is not None and layouts.package_of(connector) is None


def _page(connector: Connector, problem: str | None, status: int = 200) -> Response:
    run = queries.last_run_of(connector)
    return page(
        "mapping/edit.html",
        status=status,
        connector=connector,
        own=_is_own(connector),
        run=run,
        problem=problem,
        most_mb=MAX_BYTES // 1024**2,
    )


def _last_file(connector: Connector) -> tuple[bytes, str, HandedIn | None]:
    run = queries.last_run_of(connector)
    if run is None:
        raise FileRefused("No file of this SmartConnector was loaded yet. Send a sample.")
    return _bytes_of(run), run.file_name, _was(run)


def _was(run: FeedRun) -> HandedIn:
    return HandedIn(run.sha256, emptied_notes(run.notes))


def _bytes_of(run: FeedRun) -> bytes:
    if run.size > MAX_BYTES:
        raise FileRefused(f"It is larger than {MAX_BYTES // 1024**2} MB. Send a part of it as a sample.")
    with scratch.folder() as folder:
        return write_file(run, folder).read_bytes()


def _sent() -> tuple[bytes, str, HandedIn | None]:
    sent = request.files.get("file")
    return (sent.read(MAX_BYTES + 1), sent.filename or "sample", None) if sent else (b"", "sample", None)
