"""Who waits for whom.

A run must not copy a policy while a feed, still uncommitted, gives it to somebody else: the feed could not release a
copy that it cannot see yet. So runs share one lock of the FMO, and whoever takes policies away holds it alone until it
commits.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection, text

from portal.extensions import db

_WRITERS = "hashtextextended('portal.writers:' || CAST(:fmo AS text), 0)"
_RUN = "hashtextextended('portal.sync:' || CAST(:business AS text), 0)"


def share_writers(fmo_id: UUID) -> None:
    """Let no policy of the FMO be taken away until this transaction ends. Call before the first look at the book."""
    db.session.execute(text(f"SELECT pg_advisory_xact_lock_shared({_WRITERS})"), {"fmo": str(fmo_id)})


def own_writers(fmo_id: UUID) -> None:
    """Wait for the runs that are copying now, and let none begin until this transaction ends."""
    db.session.execute(text(f"SELECT pg_advisory_xact_lock({_WRITERS})"), {"fmo": str(fmo_id)})


def try_run(connection: Connection, business_id: UUID) -> bool:
    """Take the Business's run lock for the connection's life; False where a living worker has it."""
    taken: bool = connection.execute(
        text(f"SELECT pg_try_advisory_lock({_RUN})"), {"business": str(business_id)}
    ).scalar_one()
    return taken


def leave_run(connection: Connection, business_id: UUID) -> None:
    """Give the Business's run lock back."""
    connection.execute(text(f"SELECT pg_advisory_unlock({_RUN})"), {"business": str(business_id)})


def nobody_runs(business_id: UUID) -> bool:
    """Whether the Business's run lock is free; holds it until this transaction ends where it is."""
    free: bool = db.session.execute(
        text(f"SELECT pg_try_advisory_xact_lock({_RUN})"), {"business": str(business_id)}
    ).scalar_one()
    return free


def tune() -> None:
    """Settings of this transaction for large joins: no compilation, more memory."""
    db.session.execute(text("SELECT set_config('jit', 'off', true), set_config('work_mem', '64MB', true)"))


def read_tables_once() -> None:
    """Let large joins read each table once, whatever the statistics say.

    They know nothing yet of a new account, nor of the rows this transaction writes: the planner takes those for one row
    and would loop over the whole account for each.
    """
    db.session.execute(text("SELECT set_config('enable_nestloop', 'off', true)"))


def analyze(connection: Connection) -> None:
    """Refresh the statistics of what a large run wrote."""
    connection.execute(text("ANALYZE contact, contact_source, contact_key, crm_policy"))
