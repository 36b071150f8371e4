"""Saying anew how the files of a connector are read that was mapped here: a mapping begun with what holds now."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from flask import Response, request, url_for

from portal.book import queries
from portal.book.layouts import known
from portal.book.mapping import MAX_BYTES, events, operations
from portal.book.models import Connector
from portal.book.operations.staging import write_file
from portal.book.views import bp
from portal.connectors.rows import FileRefused
from portal.core import scope
from portal.core.fragments import go, page
from portal.core.lookup import find_or_404
from portal.core.permissions import Permission, allow


@bp.get("/connectors/<uuid:connector_id>/edit")
@allow(Permission.FEED_LOAD, events.SAMPLE_READ)
def edit_mapping(connector_id: UUID) -> Response:
    """Choose on which file the change is checked."""
    found = find_or_404(Connector, connector_id)
    return _page(found, None)


@bp.post("/connectors/<uuid:connector_id>/edit")
@allow(Permission.FEED_LOAD, events.SAMPLE_READ)
def start_edit(connector_id: UUID) -> Response:
    """Begin with the connector's last file or with a sample."""
    found = find_or_404(Connector, connector_id)
    if not _is_own(found):
        return _page(found, None, status=422)
    try:
        data, name = _last_file(found) if "last" in request.form else _sent()
        made = operations.start(data, name, by=scope.current(), connector=found)
    except FileRefused as problem:
        return _page(found, str(problem), status=422)
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


def _last_file(connector: Connector) -> tuple[bytes, str]:
    run = queries.last_run_of(connector)
    if run is None or run.size > MAX_BYTES:
        raise FileRefused("The last file is not here, or too large to be a sample. Send a part of it as a sample.")
    with TemporaryDirectory(prefix="portal-sample-") as folder:
        return write_file(run, Path(folder)).read_bytes(), run.file_name


def _sent() -> tuple[bytes, str]:
    sent = request.files.get("file")
    return (sent.read(MAX_BYTES + 1), sent.filename or "sample") if sent else (b"", "sample")
