"""Provision from a file: choose it, look at what it would do, complete, see what was left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, current_app, request, url_for
from itsdangerous import BadSignature, URLSafeSerializer

from portal.connectors.rows import FileRefused
from portal.core import scope
from portal.core.csv_file import csv_text, download
from portal.core.fragments import go, page
from portal.core.ids import new_id, parse_id
from portal.core.permissions import Permission, allow
from portal.core.web import FILE_BYTES, TABLE_BYTES, takes
from portal.downline.plans import Row
from portal.downline.table_file import MAX_BYTES, pack, read_table, unpack
from portal.provisioning import foresight, operations, sheet
from portal.provisioning.operations import Done, outcomes
from portal.provisioning.operations.imports import Outcome
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
@takes(FILE_BYTES)
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
    return _preview(pack(data), rows, notes)


def _preview(packed: str, rows: Sequence[Row], notes: Sequence[str], problem: str | None = None) -> Response:
    lines = sheet.plan(rows)
    good = [line for line in lines if line.good]
    summed = foresight.summed_new(_synced(good))
    return page(
        "provisioning/import_preview.html",
        status=422 if problem else 200,
        problem=problem,
        packed=packed,
        notes=notes,
        total=len(lines),
        good=good[:SHOWN],
        good_total=len(good),
        warned=sum(_is_warned(line, summed) for line in good),
        summed=summed,
        sealed=foresight.seal_all(summed.each),
        once=new_id(),
        **left_out_rows(_left_out({line.number: line.reasons for line in lines if not line.good}, lines)),
    )


@bp.post("/provision/import/complete")
@allow(Permission.PROVISION)
@takes(TABLE_BYTES)
def import_complete() -> Response:
    """Provision the good rows of the previewed file, and go to the list of what was done and what was left out."""
    once, by = parse_id(request.form.get("once", "")) or new_id(), scope.current()
    packed, sealed = request.form.get("packed", ""), request.form.get("shown")
    try:
        rows, notes = _rows(unpack(packed))
    except FileRefused as refused:
        return _start(str(refused))
    kept = outcomes.begin(once, "provision", by=by)
    if kept is None:
        return go(url_for("provisioning.bulk_outcome", outcome_id=once))
    since = request.form.get("since", type=int, default=0)
    lines = [line for line in sheet.plan(rows) if line.number >= since]
    good = [line for line in lines if line.good]
    summed = foresight.summed_new(_synced(good))
    if changed := foresight.drift_of_many(sealed, summed.each, "NPN {}".format):
        return _preview(packed, rows, notes, changed)
    expected = foresight.kept_of_many(sealed, summed.each)
    outcome = operations.provision_all([(line.number, line.wanted) for line in good if line.wanted], expected, by=by)
    kept.told = _told(lines, outcome, packed)
    return go(url_for("provisioning.bulk_outcome", outcome_id=once))


def _told(lines: Sequence[Line], outcome: Outcome, packed: str) -> dict[str, Any]:
    """What the page of the outcome shows; the file goes with it for as long as there are rows to come."""
    reasons = {line.number: line.reasons for line in lines if not line.good}
    reasons |= {number: [reason] for number, reason in outcome.refused.items()}
    waiting = outcome.waiting
    told = {
        "total": len(lines),
        "done": [_done(number, one) for number, one in outcome.done],
        "left_out": _left_out(reasons, [line for line in lines if not waiting or line.number < waiting[0]]),
    }
    if waiting:
        told["waiting"] = {"rows": len(waiting), "since": waiting[0], "packed": packed, "once": str(new_id())}
    return told


def _done(number: int, one: Done) -> dict[str, Any]:
    run = str(one.run.id) if one.run else None
    return {"row": number, "business": str(one.business.id), "name": one.business.name, "run": run}


@bp.post("/provision/import/refused")
@allow(Permission.PROVISION, fresh=True)
@takes(TABLE_BYTES)
def import_refused() -> Response:
    """The rows that a page listed as left out, as a file to correct and send again."""
    try:
        found: list[list[Any]] = _signer().loads(request.form.get("refused", ""))
    except BadSignature:
        return _start("The list of rows was damaged on its way. Choose the file again to see them.")
    return download(csv_text(["Row", *COLUMNS.values(), "Reason"], found), "refused-rows.csv")


def _rows(data: bytes) -> tuple[Sequence[Row], list[str]]:
    table = read_table(data, needed=("npn",), known=tuple(COLUMNS), called=COLUMNS)
    if len(table.rows) > MOST:
        raise FileRefused(f"The file has more than {MOST:,} rows. Split it and provision the parts.")
    return table.rows, table.notes


def _is_warned(line: Line, summed: foresight.Summed[str]) -> bool:
    foreseen = summed.each.get(line.npn or "")
    return bool(line.warnings or (foreseen is not None and foreseen.gaps))


def _synced(good: Sequence[Line]) -> list[str]:
    return [line.wanted.producer.npn for line in good if line.wanted and line.wanted.enable_sync]


def _left_out(reasons: Mapping[int, Sequence[str]], lines: Sequence[Line]) -> list[dict[str, Any]]:
    out = [(line, " ".join(reasons[line.number])) for line in lines if line.number in reasons]
    return [
        {
            "row": line.number,
            "npn": line.npn or line.cells.get("npn", ""),
            "title": line.title,
            "reason": reason,
            "cells": [line.number, *(line.cells.get(name, "") for name in COLUMNS), reason],
        }
        for line, reason in out
    ]


def left_out_rows(out: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Rows that were left out, as their page and their file need them."""
    # Signed, since after Complete nobody could work out again why a row was left out.
    packed = _signer().dumps([one["cells"] for one in out]) if out else ""
    return {"refused": out[:SHOWN], "refused_total": len(out), "refused_file": packed}


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key or "", salt="provisioning.refused")


def _start(problem: str | None = None) -> Response:
    columns = list(COLUMNS.values())
    return page("provisioning/import.html", status=422 if problem else 200, columns=columns, problem=problem, most=MOST)
