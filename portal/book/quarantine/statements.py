"""Set-based SQL of the queue. All of it runs inside the transaction of a load, beside its staging tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, insert, update

from portal.book.quarantine.models import WAITING, RefusedRow
from portal.book.statements.run_sql import run
from portal.core.models import table_of
from portal.extensions import db

# Told: a row of this file that could be read is the policy. Not where the file has the refused row, too.
_TOLD = """
UPDATE refused_row q SET state = 'told', told_run_id = :run, version = q.version + 1, fixed = NULL, updated_at = now()
FROM feed_winner w
WHERE q.fmo_id = :fmo AND q.carrier = :carrier AND q.state = 'waiting' AND q.identity = w.identity AND q.as_of <= :as_of
  AND NOT q.digest = ANY(:kept)
"""
_REFUSED_AGAIN = """
UPDATE refused_row q SET state = 'waiting', reason = r.reason, version = q.version + 1, updated_at = now()
FROM unnest(CAST(:rows AS integer[]), CAST(:reasons AS text[])) r (row, reason)
WHERE q.fmo_id = :fmo AND q.fix_run_id = :run AND q.state = 'loading' AND q.fix_row = r.row
"""
# A policy that a newer file tells was left as that one told it.
_FINISHED = """
UPDATE refused_row q SET version = q.version + 1, updated_at = now(), state = CASE WHEN EXISTS (
  SELECT 1 FROM policy p WHERE p.fmo_id = :fmo AND p.identity = q.identity AND p.source_run_id <> :run
    AND NOT EXISTS (SELECT 1 FROM feed_winner w WHERE w.identity = p.identity AND w.content_hash = p.content_hash)
) THEN 'told' ELSE 'loaded' END
WHERE q.fmo_id = :fmo AND q.fix_run_id = :run AND q.state = 'loading'
"""


def close_told(fmo_id: UUID, run_id: UUID, carrier: str, as_of: date, *, kept: Sequence[str]) -> None:
    """Close waiting rows whose policy the file at work tells readably; not those whose digests are `kept`."""
    run(_TOLD, fmo=fmo_id, run=run_id, carrier=carrier, as_of=as_of, kept=list(kept))


def finish_fixes(fmo_id: UUID, run_id: UUID, refused: Mapping[int, str]) -> None:
    """End the rows that the run at work loads; those that are `refused` (row number → reason) wait again."""
    values = {"fmo": fmo_id, "run": run_id}
    if refused:
        run(_REFUSED_AGAIN, rows=list(refused), reasons=list(refused.values()), **values)
    run(_FINISHED, **values)


def insert_rows(rows: list[dict[str, Any]]) -> None:
    """Let these rows wait from now on."""
    if rows:
        db.session.connection().execute(insert(table_of(RefusedRow)).inline(), rows)


def renew_rows(fmo_id: UUID, rows: list[dict[str, Any]]) -> None:
    """Let rows wait again, or go on waiting, as a newer file has them; `key` is each one's id."""
    if not rows:
        return
    table = table_of(RefusedRow)
    names = [name for name in rows[0] if name != "key"]
    changed: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
    again = {"state": WAITING, "version": table.c.version + 1, "fixed": None, "told_run_id": None}
    cleared = dict.fromkeys(("decided_by", "decided_name", "decided_at", "fix_run_id", "fix_row", "why"))
    statement = update(table).where(table.c.fmo_id == fmo_id, table.c.id == bindparam("key"))
    given = [{"key": row["key"], **{f"new_{name}": row[name] for name in names}} for row in rows]
    db.session.connection().execute(statement.values(**changed, **again, **cleared, updated_at=func.now()), given)
