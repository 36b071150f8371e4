"""Imports from CSV: choose a file, look at what it would do, import, see what was left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask import Response, abort, request

from portal.connectors.rows import FileRefused
from portal.core import scope
from portal.core.csv_file import download
from portal.core.fragments import page
from portal.core.permissions import Permission, allow
from portal.core.web import FILE_BYTES, TABLE_BYTES, takes
from portal.downline.operations import imports as work
from portal.downline.plans import Action, ImportPlan, Row
from portal.downline.table_file import MAX_BYTES, pack, problems_csv, read_table, unpack
from portal.downline.views import bp

SHOWN = 200


@dataclass(frozen=True, slots=True)
class Import:
    """One kind of import: its words, its columns, and the functions that plan and do it."""

    what: str
    title: str
    noun: str
    needed: Sequence[str]
    columns: Sequence[str]
    preview: Callable[[Sequence[Row]], ImportPlan]
    apply: Callable[[Sequence[Row]], ImportPlan]


KINDS = {
    "records": Import(
        "records",
        "Import agents and agencies",
        "agents and agencies",
        ("npn",),
        ("kind", "npn", "first_name", "last_name", "name", "email", "phone", "state", "agency_npn", "principal"),
        work.preview_producers,
        lambda rows: work.import_producers(rows, by=scope.current()),
    ),
    "identifiers": Import(
        "identifiers",
        "Import carrier identifiers",
        "carrier identifiers",
        ("carrier", "kind", "value", "npn"),
        ("carrier", "kind", "value", "npn", "valid_from", "valid_to"),
        lambda rows: work.preview_identifiers(rows, by=scope.current()),
        lambda rows: work.import_identifiers(rows, by=scope.current()),
    ),
}


@bp.get("/agents/import", defaults={"what": "records"})
@bp.get("/agents/import/<what>")
@allow(Permission.DOWNLINE_EDIT)
def import_start(what: str) -> Response:
    """Choose a file."""
    return page("downline/import.html", chosen=_chosen(what), kinds=KINDS)


@bp.post("/agents/import/<what>")
@allow(Permission.DOWNLINE_EDIT)
@takes(FILE_BYTES)
def import_preview(what: str) -> Response:
    """What the file would do; nothing is changed."""
    chosen = _chosen(what)
    sent = request.files.get("file")
    data = sent.read(MAX_BYTES + 1) if sent else b""  # one more than allowed is enough to refuse it
    try:
        if not data:
            raise FileRefused("Choose a file first. It must be CSV or Excel and not empty.")
        table = read_table(data, needed=chosen.needed, known=chosen.columns)
        packed = pack(data)
    except FileRefused as refused:
        return _refused(chosen, refused)
    plan = chosen.preview(table.rows)
    return _plan_page("downline/import_preview.html", chosen, plan, packed=packed, notes=table.notes)


@bp.post("/agents/import/<what>/apply")
@allow(Permission.DOWNLINE_EDIT)
@takes(TABLE_BYTES)
def import_apply(what: str) -> Response:
    """Import the previewed file and say what was done and what was left out."""
    chosen = _chosen(what)
    packed = request.form.get("packed", "")
    try:
        plan = chosen.apply(_rows(chosen, packed))
    except FileRefused as refused:
        return _refused(chosen, refused)
    return _plan_page("downline/import_done.html", chosen, plan, packed=packed, notes=[])


@bp.post("/agents/import/<what>/refused")
@allow(Permission.DOWNLINE_EDIT, fresh=True)
@takes(TABLE_BYTES)
def import_problems(what: str) -> Response:
    """The refused rows as a file: row number and reason."""
    chosen = _chosen(what)
    try:
        plan = chosen.preview(_rows(chosen, request.form.get("packed", "")))
    except FileRefused as refused:
        return _refused(chosen, refused)
    return download(problems_csv(plan.problems), "refused-rows.csv")


def _chosen(what: str) -> Import:
    if what not in KINDS:
        abort(404)
    return KINDS[what]


def _rows(chosen: Import, packed: str) -> Sequence[Row]:
    return read_table(unpack(packed), needed=chosen.needed, known=chosen.columns).rows


def _refused(chosen: Import, refused: FileRefused) -> Response:
    return page("downline/import.html", status=422, chosen=chosen, kinds=KINDS, problem=str(refused))


def _plan_page(template: str, chosen: Import, plan: ImportPlan, *, packed: str, notes: list[str]) -> Response:
    counts = {action.value: plan.count(action) for action in Action}
    changing = [row for row in plan.rows if row.action in (Action.CREATE, Action.UPDATE)]
    return page(
        template,
        chosen=chosen,
        counts=counts,
        total=len(plan.rows),
        problems=plan.problems[:SHOWN],
        changing=changing[:SHOWN],
        changing_total=len(changing),
        packed=packed,
        notes=notes,
    )
