"""Dismissing refused rows, and one decision for all rows of the same cause."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import func

from portal.book.models import FeedRun
from portal.book.quarantine import queries
from portal.book.quarantine.cells import OpenRow, open_row
from portal.book.quarantine.events import DISMISSED as DISMISSED_EVENT
from portal.book.quarantine.models import DISMISSED, RefusedRow
from portal.book.quarantine.operations.sending import Fix, Taken, load
from portal.book.quarantine.words import SECOND
from portal.connectors.aliases import decided_status
from portal.core import access
from portal.core.scope import Scope
from portal.extensions import db


class Decided(NamedTuple):
    """What one decision did to all rows of a cause."""

    sent: int
    left: int  # rows that cannot be read for another reason, too
    runs: list[FeedRun]


def dismiss(rows: Sequence[RefusedRow], why: str, *, by: Scope) -> int:
    """Ask about these rows no more, also when they come again; kept with the reason. The rows must be locked.

    Raises `Taken` where one is no longer open.
    """
    for row in rows:
        if not queries.is_open(row):
            raise Taken(SECOND)
        row.state, row.why, row.version = DISMISSED, why, row.version + 1
        row.decided_by, row.decided_name, row.decided_at = by.actor_id, by.actor_name, func.now()
    db.session.flush()
    ids = [row.id for row in rows]
    access.record(DISMISSED_EVENT, kind="refused_row", ids=ids, reason=why, rows=len(ids))
    return len(rows)


def dismiss_group(sample: RefusedRow, why: str, *, by: Scope) -> int:
    """Dismiss every open row of the sample's cause; the number of them."""
    return dismiss(queries.open_of_cause(sample), why, by=by)


def decide_group(sample: RefusedRow, meant: str, *, learn: bool, by: Scope) -> Decided:
    """Read the word that refused `sample` as `meant` in every open row of that cause, and load them.

    `meant` is a canonical status where the word is one, else the text that takes its place. Rows that cannot be read
    for another reason as well stay where they are. Raises `Closed` where the layout is gone.
    """
    rows = queries.open_of_cause(sample)
    layouts = {run_id: queries.layout_of(row) for run_id, row in {row.run_id: row for row in rows}.items()}
    fixes = [_fix(open_row(row, layouts[row.run_id]), meant, learn) for row in rows]
    runs, _ = load(fixes, by=by, partly=True) if fixes else ([], 0)
    going = {run.id for run in runs}
    sent = sum(fix.opened.row.fix_run_id in going for fix in fixes)
    return Decided(sent, len(fixes) - sent, runs)


def _fix(opened: OpenRow, meant: str, learn: bool) -> Fix:
    cells, places = list(opened.cells), []
    for view in opened.views():
        if view.refused and view.field is not None:
            cells[view.place] = decided_status(meant, view.value) if view.field == "status" else meant
            places.append(view.place)
    return Fix(opened, cells, places if learn else ())
