"""The run's own row: taken by one worker at a time, moved on, ended. A stale fence changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from portal.book.statements.run_sql import driver, run

_TAKE = """
UPDATE feed_run SET status = 'running', attempt = attempt + 1, fence = fence + 1, heartbeat_at = now(),
       started_at = coalesce(started_at, now()), phase = 'Reading the file', progress_done = 0, progress_total = NULL
WHERE fmo_id = :fmo AND id = :run AND status IN ('queued', 'running') RETURNING fence
"""
_MOVE = """
UPDATE feed_run SET phase = :phase, progress_done = :done, progress_total = :total, heartbeat_at = now()
WHERE fmo_id = :fmo AND id = :run AND fence = :fence AND status = 'running'
"""
_FAIL = """
UPDATE feed_run SET status = 'failed', error = :error, phase = NULL, finished_at = now()
WHERE fmo_id = :fmo AND id = :run AND fence = :fence AND status = 'running'
"""
_PIECES = "SELECT body FROM feed_file WHERE fmo_id = %s AND run_id = %s ORDER BY piece"
_KEY = "hashtextextended('book:' || CAST(:fmo AS text), 0)"
_LOCK = f"SELECT pg_advisory_xact_lock({_KEY})"
_TRY_LOCK = f"SELECT pg_try_advisory_xact_lock({_KEY})"


def lock_book(fmo_id: UUID) -> None:
    """Wait until no other feed or attribution changes this FMO's book; the lock ends with the transaction."""
    run(_LOCK, fmo=str(fmo_id))


def wait_for_book(fmo_id: UUID) -> None:
    """As `lock_book`, for as long as it takes: another feed may need minutes."""
    run("SET LOCAL lock_timeout = 0")
    run("SET LOCAL statement_timeout = 0")
    lock_book(fmo_id)
    run("SET LOCAL lock_timeout = '30s'")


def nobody_loads(fmo_id: UUID) -> bool:
    """Whether no living worker holds this FMO's book; if so, this transaction holds it until it ends."""
    found: bool = run(_TRY_LOCK, fmo=str(fmo_id)).scalar_one()
    return found


def pieces(fmo_id: UUID, run_id: UUID) -> Iterator[str]:
    """The encrypted pieces of the run's file, one after another; nothing else can be asked until the last is taken."""
    with driver().cursor(binary=True) as cursor:
        for (body,) in cursor.stream(_PIECES, (fmo_id, run_id)):
            yield body


def take(session: Session, fmo_id: UUID, run_id: UUID) -> int | None:
    """The fence of this attempt, or None where the run is over."""
    found: int | None = session.connection().execute(text(_TAKE), {"fmo": fmo_id, "run": run_id}).scalar()
    return found


def move(session: Session, values: dict[str, Any]) -> None:
    """Say how far the attempt is: phase, done, total under fmo, run, fence."""
    session.connection().execute(text(_MOVE), values)


def fail(session: Session, values: dict[str, Any]) -> None:
    """End the attempt with the sentence `error`, under fmo, run, fence."""
    session.connection().execute(text(_FAIL), values)
