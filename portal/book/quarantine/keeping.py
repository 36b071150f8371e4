"""What a finished run does to the queue, inside its transaction: new rows wait, others are loaded or told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import select

from portal.book.models import FeedRun
from portal.book.quarantine import statements
from portal.book.quarantine.models import DISMISSED, LOADING, RefusedRow
from portal.book.quarantine.taking import MOST, Refused, Taken
from portal.connectors.parse import ParsedFile
from portal.core.ids import new_id
from portal.core.words import counted
from portal.extensions import db

_QUIET = {"unlogged": "which of them wait already, nothing is shown"}


def settle(run: FeedRun, connector_id: UUID, file: ParsedFile, taken: Taken) -> None:
    """Bring the queue up to date with what `run` did; its rows must be staged and merged."""
    fmo_id = run.fmo_id
    if run.parent_id is not None:
        statements.finish_fixes(fmo_id, run.id, {number: one.reason for number, one in taken.numbers.items()})
        return
    statements.close_told(fmo_id, run.id, file.layout.carrier, file.as_of, kept=list(taken.rows))
    if taken.more:
        said = counted(taken.more, "more was", "more were")
        file.notes.append(
            f"The first {MOST:,} refused rows wait in the quarantine; {said} refused. Put right what they have in"
            " common and load the file again."
        )
    _keep(run, connector_id, file, taken.rows)


def _keep(run: FeedRun, connector_id: UUID, file: ParsedFile, rows: dict[str, Refused]) -> None:
    if not rows:
        return
    known = _known(connector_id, RefusedRow.digest.in_(list(rows)))
    by_digest = {one.digest: one for one in known}
    policies = [one.identity for digest, one in rows.items() if one.identity and digest not in by_digest]
    # Another row of the same policy from an earlier file: this one is newer, and one decision is enough.
    earlier = _known(connector_id, RefusedRow.identity.in_(policies), RefusedRow.run_id != run.id) if policies else []
    by_policy = {one.identity: one for one in earlier if one.state not in (LOADING, DISMISSED)}
    new, again = [], []
    for digest, one in rows.items():
        values = _values(run, file, one)
        old = by_digest.get(digest) or by_policy.pop(one.identity, None)
        if old is None:
            new.append({**values, "fmo_id": run.fmo_id, "id": new_id(), "connector_id": connector_id})
        elif old.state not in (LOADING, DISMISSED) and old.as_of <= file.as_of:
            again.append({**values, "key": old.id})
    statements.insert_rows(new)
    statements.renew_rows(run.fmo_id, again)


def _known(connector_id: UUID, *conditions: Any) -> Iterable[Any]:
    columns = (RefusedRow.id, RefusedRow.digest, RefusedRow.identity, RefusedRow.state, RefusedRow.as_of)
    query = select(*columns).where(RefusedRow.connector_id == connector_id, *conditions)
    return db.session.execute(query.execution_options(**_QUIET)).all()


def _values(run: FeedRun, file: ParsedFile, one: Refused) -> dict[str, Any]:
    return {
        "carrier": file.layout.carrier,
        "digest": one.digest,
        "identity": one.identity,
        "cause": one.cause,
        "grouped": one.grouped,
        "run_id": run.id,
        "as_of": file.as_of,
        "sheet": one.refusal.sheet,
        "row": one.refusal.row,
        "column_name": one.refusal.column,
        "reason": one.refusal.reason,
        "body": one.body.seal(run.fmo_id),
    }
