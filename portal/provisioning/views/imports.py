"""Provision from a file: choose it, look at what it would do, complete, see what was left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, current_app, request
from itsdangerous import BadSignature, URLSafeSerializer

from portal.connectors.rows import FileRefused
from portal.core import scope
from portal.core.csv_file import csv_text, download
from portal.core.fragments import page
from portal.core.permissions import Permission, allow
from portal.downline.plans import Row
from portal.downline.table_file import MAX_BYTES, pack, read_table, unpack
from portal.provisioning import foresight, operations, sheet
from portal.provisioning.sheet import COLUMNS, MOST, Line
from portal.provisioning.views import bp

SHOWN = 200


@bp.get("/provision/import")
@allow(Permission.PROVISION)
def import_start() -> Response:
    """Choose a file."""
    return _start()


@bp.get("/provision/import/template.csv")
@allow(Permission.PROVISION)
def import_template() -> Response:
    """A file with nothing but the columns."""
    return download(csv_text(list(COLUMNS.values()), []), "provision.csv")


@bp.post("/provision/import")
@allow(Permission.PROVISION)
def import_preview() -> Response:
    """What the file would do; nothing is changed."""
    sent = request.files.get("file")
    data = sent.read(MAX_BYTES + 1) if sent else b""  # one more than allowed is enough to refuse it
    try:
        if not data:
            raise FileRefused("Choose a file first. It must be CSV or Excel and not empty.")
        rows, notes = _rows(data)
    except FileRefused as refused:
        return _start(str(refused))
    lines = sheet.plan(rows)
    good = [line for line in lines if line.good]
    return page(
        "provisioning/import_preview.html",
        packed=pack(data),
        notes=notes,
        total=len(lines),
        good=good[:SHOWN],
        good_total=len(good),
        summed=foresight.summed_new(_synced(good)),
        **_left_out({line.number: line.reasons for line in lines if not line.good}, lines),
    )


@bp.post("/provision/import/complete")
@allow(Permission.PROVISION)
def import_complete() -> Response:
    """Provision the good rows of the previewed file, and say what was done and what was left out."""
    packed, since = request.form.get("packed", ""), request.form.get("since", type=int, default=0)
    try:
        rows, _ = _rows(unpack(packed))
    except FileRefused as refused:
        return _start(str(refused))
    lines = [line for line in sheet.plan(rows) if line.number >= since]
    good = [line for line in lines if line.good]
    expected = foresight.summed_new(_synced(good)).each
    wanted = [(line.number, line.wanted) for line in good if line.wanted]
    outcome = operations.provision_all(wanted, expected, by=scope.current())
    reasons = {line.number: line.reasons for line in lines if not line.good}
    reasons |= {number: [reason] for number, reason in outcome.refused.items()}
    return page(
        "provisioning/import_done.html",
        done=outcome.done,
        waiting=outcome.waiting,
        packed=packed,
        total=len(lines),
        **_left_out(reasons, [line for line in lines if not outcome.waiting or line.number < outcome.waiting[0]]),
    )


@bp.post("/provision/import/refused")
@allow(Permission.PROVISION)
def import_refused() -> Response:
    """The rows that a page listed as left out, as a file to correct and send again."""
    try:
        found: list[list[Any]] = _signer().loads(request.form.get("refused", ""))
    except BadSignature:
        return _start("The list of rows was damaged on its way. Choose the file again to see them.")
    return download(csv_text(["Row", *COLUMNS.values(), "Reason"], found), "refused-rows.csv")


def _rows(data: bytes) -> tuple[Sequence[Row], list[str]]:
    table = read_table(data, needed=("npn",), known=tuple(COLUMNS))
    if len(table.rows) > MOST:
        raise FileRefused(f"The file has more than {MOST:,} rows. Split it and provision the parts.")
    return table.rows, table.notes


def _synced(good: Sequence[Line]) -> list[str]:
    return [line.wanted.producer.npn for line in good if line.wanted and line.wanted.enable_sync]


def _left_out(reasons: Mapping[int, Sequence[str]], lines: Sequence[Line]) -> dict[str, Any]:
    out = [(line, " ".join(reasons[line.number])) for line in lines if line.number in reasons]
    cells = [[line.number, *(line.cells.get(name, "") for name in COLUMNS), reason] for line, reason in out]
    # Signed, since after Complete nobody could work out again why a row was left out.
    return {"refused": out[:SHOWN], "refused_total": len(out), "refused_file": _signer().dumps(cells) if cells else ""}


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key or "", salt="provisioning.refused")


def _start(problem: str | None = None) -> Response:
    columns = list(COLUMNS.values())
    return page("provisioning/import.html", status=422 if problem else 200, columns=columns, problem=problem, most=MOST)
