"""Who waits for whom.

A run must not copy a policy while a feed, still uncommitted, gives it to somebody else: the feed could not release a
copy that it cannot see yet. So runs share one lock of the FMO, and whoever takes policies away holds it alone until it
commits.
"""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

import psycopg
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from portal.core import scope
from portal.core.scope import Login
from portal.extensions import db

_WRITERS = "hashtextextended('portal.writers:' || CAST(:fmo AS text), 0)"
_RUN = "hashtextextended('portal.sync:' || CAST(:business AS text), 0)"
_WORK = "hashtextextended('portal.work:' || CAST(:business AS text), 0)"
# A login may end connections of its own, and of no other login: nothing is granted for this.
_END = f"""
SELECT pg_terminate_backend(held.pid)
FROM pg_locks held JOIN pg_stat_activity who ON who.pid = held.pid AND who.usename = current_user
WHERE held.locktype = 'advisory' AND held.granted AND held.objsubid = 1 AND held.pid <> pg_backend_pid()
  AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND (held.classid::bigint << 32) + held.objid::bigint IN ({_RUN}, {_WORK})
"""

# Of what plans depend on: a look at every column of every contact would take longer than the rest.
_SETTLE = """
VACUUM (ANALYZE, SKIP_LOCKED)
  contact (fmo_id, business_id, id, sort_key, first_key, birth_date, mbi_hash, member_id, agent_owned, hidden),
  contact_source (fmo_id, business_id, contact_id, member_id),
  contact_key (fmo_id, business_id, contact_id, kind, value),
  crm_policy (fmo_id, business_id, policy_id, member_id, contact_id, npn, sort_key, number_key, status, carrier,
              effective_date)
"""


def share_writers(fmo_id: UUID) -> None:
    """Let no policy of the FMO be taken away until this transaction ends. Call before the first look at the book."""
    db.session.execute(text(f"SELECT pg_advisory_xact_lock_shared({_WRITERS})"), {"fmo": str(fmo_id)})


def own_writers(fmo_id: UUID) -> None:
    """Wait for the runs that are copying now, and let none begin until this transaction ends.

    A feed waits as long as the longest run takes, rather than being read again from its beginning; a person is told to
    try again.
    """
    if scope.current().login is Login.JOBS:
        db.session.execute(text("SELECT set_config('lock_timeout', '0', true)"))
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


def own_work(business_id: UUID) -> psycopg.Connection[object]:
    """Wait until no other transaction works for a run of the Business, and keep others out until this one ends.

    Gives the connection on which the run's work is done.
    """
    # A feed may hold the FMO's writers for minutes: the run waits for it, and can be cancelled meanwhile.
    db.session.execute(text("SELECT set_config('lock_timeout', '0', true)"))
    db.session.execute(text(f"SELECT pg_advisory_xact_lock({_WORK})"), {"business": str(business_id)})
    connection = db.session.connection().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)  # for the type checker
    return connection


def end_holders(business_id: UUID) -> int:
    """End the connections of workers that hold the Business's run; gives their number.

    For a worker that has shown no sign of life: it is stopped, or its machine is gone. What it wrote is rolled back,
    and when it wakes up it can write nothing.
    """
    return len(db.session.execute(text(_END), {"business": str(business_id)}).all())


def await_free(business_id: UUID) -> None:
    """Give connections that were told to end a moment to do so."""
    db.session.execute(text("SELECT set_config('lock_timeout', '2s', true)"))
    with suppress(DBAPIError), db.session.begin_nested():
        db.session.execute(text(f"SELECT pg_advisory_xact_lock({_RUN})"), {"business": str(business_id)})


def be_brief(session: Session) -> None:
    """Let this transaction end by itself where its process stops in the middle of it."""
    session.execute(text("SELECT set_config('idle_in_transaction_session_timeout', '5s', true)"))


def look_once(at: Session) -> None:
    """Let every statement of this transaction see the same moment. Call before the first of them."""
    at.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def tune(at: Session) -> None:
    """Settings of this transaction for large joins: no compilation, more memory."""
    at.execute(text("SELECT set_config('jit', 'off', true), set_config('work_mem', '64MB', true)"))


def read_tables_once(at: Session) -> None:
    """Let large joins read each table once, whatever the statistics say.

    They know nothing yet of a new account, nor of the rows this transaction writes: the planner takes those for one row
    and would loop over the whole account for each.
    """
    at.execute(text("SELECT set_config('enable_nestloop', 'off', true)"))


def settle(connection: Connection) -> None:
    """Refresh the statistics of what a large run wrote, and let the next counts read indexes alone."""
    connection.execute(text(_SETTLE))
