"""The officers' page of files of the log: ordered, under way, ready."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Flask, Response, current_app, flash, request, url_for

from portal.compliance import asked
from portal.compliance.exports import events, operations, queries
from portal.compliance.exports.models import READY, LogFile
from portal.core import access, scope
from portal.core.fragments import fragment, go, live, page
from portal.core.lookup import find_or_404
from portal.core.permissions import Permission, allow

bp = Blueprint("exports", __name__, url_prefix="/compliance/exports")
STOP_ASKING = 286  # htmx asks no more after an answer of this status
FULL = f"{operations.MOST_AT_ONCE} files are being made. Wait until one is ready, or cancel one; nothing was ordered."
OVER = "This file is not kept any more. Order it anew from the access log."


@bp.get("")
@allow(Permission.ACCESS_READ, events.SEEN)
def files() -> Response:
    """Every file that is kept."""
    kept = queries.files()
    access.record(events.SEEN, members={member for file in kept if (member := file.member)})
    return page("compliance/exports/files.html", files=kept, kept_days=queries.KEPT.days)


@bp.post("")
@allow(Permission.ACCESS_EXPORT, fresh=True)
def order() -> Response:
    """Have a file made of every entry that passes the log's filters."""
    wanted = asked.read(url_for("compliance.log"), request.form)
    if not operations.order(wanted, by=scope.current()):
        flash(FULL, "error")
    return go(url_for("exports.files"))


@bp.get("/<uuid:file_id>/progress")
@allow(Permission.ACCESS_READ)
@live
def progress(file_id: UUID) -> Response:
    """How far one file is."""
    shown = queries.shown(find_or_404(LogFile, file_id))
    status = STOP_ASKING if shown.row.ended_at else 200
    return fragment("compliance/exports/_progress.html", file=shown, status=status)


@bp.post("/<uuid:file_id>/cancel")
@allow(Permission.ACCESS_READ)
def cancel(file_id: UUID) -> Response:
    """End the making of one file, or delete it."""
    cancelled = operations.cancel(find_or_404(LogFile, file_id, to_change=True))
    flash("The file is deleted." if cancelled else "Nothing was changed: it was over before.")
    return go(url_for("exports.files"))


@bp.get("/<uuid:file_id>/access-log.csv")
@allow(Permission.ACCESS_EXPORT, fresh=True)
def download(file_id: UUID) -> Response:
    """The file; each download is logged before its first byte goes."""
    file = find_or_404(LogFile, file_id)
    if file.state != READY:
        flash(OVER, "error")
        return go(url_for("exports.files"))
    operations.take(file)
    name = f"access-log-{file.asked_at.date().isoformat()}.csv"
    heading = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Length": str(file.size)}
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # the answer outlives the request
    pieces = queries.bytes_of(file.id, file.pieces, scope.current(), app)
    return Response(pieces, content_type="text/csv; charset=utf-8", headers=heading)
