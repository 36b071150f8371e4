"""Contacts from a file: the list of uploads, and one upload from its columns to its end."""

from __future__ import annotations

from itertools import islice
from uuid import UUID

from flask import Response, flash, request, url_for

from portal.connectors.rows import FileRefused
from portal.core import access, scope
from portal.core.csv_file import download
from portal.core.fragments import go, page
from portal.core.lookup import find_or_404
from portal.core.paging import read_query
from portal.core.permissions import Permission, allow
from portal.core.transaction import not_yours
from portal.core.web import FILE_BYTES, takes
from portal.core.words import counted
from portal.crm import words as crm_words
from portal.crm.panels import panel
from portal.crm.uploads import events, fields, operations, plan, queries, table, words
from portal.crm.uploads.models import Upload, UploadRow
from portal.crm.uploads.rows import date_order
from portal.crm.views import bp

CHANGED = "The account changed since this preview was made, so nothing was applied. Here is what would happen now."
SAMPLES = 3


@bp.get("/uploads")
@allow(Permission.CRM_UPLOAD, events.UPLOAD_READ)
def uploads() -> Response:
    """The files that were brought into this account."""
    asked = read_query(request.path, request.args, filters=(), sorts=queries.SORTS, default="-when")
    return page("crm/uploads/list.html", block="results", listing=queries.uploads(asked), words=words, **panel())


@bp.get("/uploads/new")
@allow(Permission.CRM_UPLOAD)
def new_upload() -> Response:
    """Choose a file."""
    return _choose_page(None)


@bp.post("/uploads/new")
@allow(Permission.CRM_UPLOAD)
@takes(FILE_BYTES)
def start_upload() -> Response:
    """Read the file; a hostile, damaged or too large one is refused with a sentence."""
    sent = request.files.get("file")
    data = sent.read(table.MAX_BYTES + 1) if sent else b""  # one more than allowed is enough to refuse it
    try:
        made = operations.start(data, (sent.filename if sent else None) or "contacts", by=scope.current())
    except FileRefused as refused:
        return _choose_page(str(refused), status=422)
    return go(url_for("crm.upload_columns", upload_id=made.id))


def _choose_page(problem: str | None, status: int = 200) -> Response:
    return page(
        "crm/uploads/new.html",
        status=status,
        problem=problem,
        most_mb=table.MAX_BYTES // 1024**2,
        most_rows=table.MAX_ROWS,
        **panel(),
    )


@bp.get("/uploads/<uuid:upload_id>/columns")
@allow(Permission.CRM_UPLOAD, events.UPLOAD_READ)
def upload_columns(upload_id: UUID) -> Response:
    """What each column means, as proposed or chosen."""
    found = find_or_404(Upload, upload_id)
    if found.body is None:
        return go(url_for("crm.upload", upload_id=found.id))
    return _columns_page(found, {int(place): name for place, name in found.columns.items()}, found.date_order)


@bp.post("/uploads/<uuid:upload_id>/columns")
@allow(Permission.CRM_UPLOAD, events.UPLOAD_READ)
def choose_columns(upload_id: UUID) -> Response:
    """Compare the file with the account by the chosen columns; nothing is changed in it."""
    found = find_or_404(Upload, upload_id)
    if found.body is None:
        return go(url_for("crm.upload", upload_id=found.id))
    header = table.unpack(found.body, found.fmo_id).header
    asked = {place: request.form.get(f"column-{place}", "") for place in range(len(header))}
    columns = {place: name for place, name in asked.items() if name in fields.FIELDS}
    order = "dmy" if request.form.get("order") == "dmy" else "mdy"
    problems = fields.complaints(columns, header)
    if problems:
        return _columns_page(found, columns, order, problems=problems, status=422)
    operations.choose_columns(found, columns, order, by=scope.current())
    return go(url_for("crm.upload", upload_id=found.id))


def _columns_page(
    found: Upload, columns: dict[int, str], order: str, *, problems: list[str] | None = None, status: int = 200
) -> Response:
    assert found.body is not None
    read = table.unpack(found.body, found.fmo_id)
    dates = read.birth_dates(columns)
    return page(
        "crm/uploads/columns.html",
        status=status,
        upload=found,
        header=read.header,
        samples=[_samples(read, place) for place in range(len(read.header))],
        columns=columns,
        order=order,
        unclear=date_order(dates)[1],
        dated=bool(dates),
        notes=[*read.notes, *fields.propose(read.header).notes],
        refused=bool(problems),
        problems=problems or (fields.complaints(columns, read.header) if found.state == "columns" else []),
        fields=fields.FIELDS,
        **panel(),
    )


def _samples(read: table.Table, place: int) -> list[str]:
    return [fields.masked(text) for text in islice(filter(None, read.column(place)), SAMPLES)]


@bp.get("/uploads/<uuid:upload_id>")
@allow(Permission.CRM_UPLOAD, events.UPLOAD_READ)
def upload(upload_id: UUID) -> Response:
    """What the file would do, or did, with its rows."""
    found = find_or_404(Upload, upload_id)
    if found.state == "columns" and found.body is not None:
        return go(url_for("crm.upload_columns", upload_id=found.id))
    asked = read_query(request.path, request.args, filters=queries.ROW_FILTERS, sorts=queries.ROW_SORTS, default="row")
    listing = queries.rows(found, asked)
    wanted = asked.args.get("outcome", "")
    outcomes = words.outcomes(found)
    if label := outcomes[wanted][0] if wanted in outcomes else queries.FURTHER.get(wanted):
        listing.chip("Rows", "outcome", label)
    return page(
        "crm/uploads/upload.html",
        block="results",
        upload=found,
        listing=listing,
        people=queries.people(listing.items),
        outcomes=outcomes,
        further=queries.FURTHER,
        words=words,
        names=crm_words,
        keep_days=operations.KEEP_DAYS,
        **panel(),
    )


@bp.post("/uploads/<uuid:upload_id>/values")
@allow(Permission.CRM_UPLOAD)
def choose_values(upload_id: UUID) -> Response:
    """Say whether the file's values replace what differs; the preview shows what that would do."""
    found = find_or_404(Upload, upload_id)
    wanted = request.form.get("replace") == "y"
    try:
        operations.let_replace(found, wanted, by=scope.current())
    except operations.Refused as refused:
        flash(str(refused), "error")
    return go(url_for("crm.upload", upload_id=found.id, outcome="replaced" if found.counts.get("replaced") else None))


@bp.post("/uploads/<uuid:upload_id>/apply")
@allow(Permission.CRM_UPLOAD)
def apply_upload(upload_id: UUID) -> Response:
    """Carry the preview out. A second click changes nothing."""
    found = find_or_404(Upload, upload_id)
    try:
        if operations.apply(found, by=scope.current()):
            flash("The upload is in the account.")
    except operations.Changed:
        flash(CHANGED, "error")
    except operations.Refused as refused:
        flash(str(refused), "error")
    return go(url_for("crm.upload", upload_id=found.id))


@bp.post("/uploads/<uuid:upload_id>/accept")
@allow(Permission.CRM_UPLOAD)
def accept_single(upload_id: UUID) -> Response:
    """Take every waiting row that has exactly one candidate for that contact."""
    found = find_or_404(Upload, upload_id)
    try:
        taken = operations.choose(found, operations.single_candidates(found), by=scope.current())
        again = " Until you apply the upload you can choose again." if found.state == "preview" and taken else ""
        flash(f"{counted(taken, 'row')} accepted.{again}")
    except operations.Refused as refused:
        flash(str(refused), "error")
    return go(url_for("crm.upload", upload_id=found.id))


@bp.get("/uploads/<uuid:upload_id>/rows/<uuid:row_id>")
@allow(Permission.CRM_UPLOAD, events.UPLOAD_READ)
def upload_row(upload_id: UUID, row_id: UUID) -> Response:
    """One row that waits, beside those whom it may mean."""
    found = find_or_404(Upload, upload_id)
    row = _row_or_404(found, row_id)
    return page(
        "crm/uploads/row.html",
        upload=found,
        row=row,
        people=queries.people([row]),
        plan=plan,
        words=words,
        names=crm_words,
        **panel(),
    )


@bp.post("/uploads/<uuid:upload_id>/rows/<uuid:row_id>")
@allow(Permission.CRM_UPLOAD, events.UPLOAD_READ)
def choose_row(upload_id: UUID, row_id: UUID) -> Response:
    """Say whom the row means."""
    found = find_or_404(Upload, upload_id)
    row = _row_or_404(found, row_id)
    try:
        taken = operations.choose(found, {row.id: request.form.get("choice", "")}, by=scope.current())
        flash("Kept." if taken else "Nothing was chosen, so nothing was changed.")
    except operations.Refused as refused:
        flash(str(refused), "error")
    return go(url_for("crm.upload", upload_id=found.id, outcome="candidate" if found.counts.get("candidate") else None))


@bp.post("/uploads/<uuid:upload_id>/rows/<uuid:row_id>/back")
@allow(Permission.CRM_UPLOAD, events.UPLOAD_READ)
def take_row_back(upload_id: UUID, row_id: UUID) -> Response:
    """Take back what one row did that a person had decided on."""
    found = find_or_404(Upload, upload_id)
    row = _row_or_404(found, row_id)
    try:
        operations.take_row_back(found, row, by=scope.current())
        flash("The row is taken back. Decide on it again here, or let it be left out.")
    except operations.Refused as refused:
        flash(str(refused), "error")
    return go(url_for("crm.upload_row", upload_id=found.id, row_id=row.id))


def _row_or_404(found: Upload, row_id: UUID) -> UploadRow:
    row = queries.row_of(found, row_id)
    if row is None:
        not_yours()
    return row


@bp.get("/uploads/<uuid:upload_id>/undo")
@allow(Permission.CRM_UPLOAD, events.UPLOAD_READ)
def ask_undo(upload_id: UUID) -> Response:
    """What undoing would take back."""
    return page("crm/uploads/undo.html", upload=find_or_404(Upload, upload_id), words=words, **panel())


@bp.post("/uploads/<uuid:upload_id>/undo")
@allow(Permission.CRM_UPLOAD)
def undo_upload(upload_id: UUID) -> Response:
    """Take the whole upload back."""
    found = find_or_404(Upload, upload_id)
    try:
        operations.undo(found, by=scope.current())
    except operations.Refused as refused:
        flash(str(refused), "error")
    return go(url_for("crm.upload", upload_id=found.id))


@bp.get("/uploads/<uuid:upload_id>/left-out.csv")
@allow(Permission.CRM_UPLOAD, fresh=True)
def left_out(upload_id: UUID) -> Response:
    """The rows and values that were not taken, with reasons, as a file."""
    found = find_or_404(Upload, upload_id)
    rows = queries.left_out(found)
    access.record(events.UPLOAD_EXPORT, subject=found, rows=len(rows))
    return download(words.left_out_csv(found, rows), "left-out-rows.csv")
