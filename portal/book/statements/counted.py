"""Statistics of tables of which a load writes a large share, taken while it does."""

from __future__ import annotations

from sqlalchemy.exc import OperationalError

from portal.book.statements.run_sql import run
from portal.core.apart import apart

MANY, SHARE = 1_000, 10
_BELIEVED = "SELECT reltuples FROM pg_class WHERE oid = CAST(:name AS regclass)"


def count_anew(name: str, written: int) -> bool:
    """Count the table, `written` rows richer, where those are many beside all others; whether that was done.

    A table that is filled in this transaction looks empty to the server's own statistics. Were they taken now, each row
    that refers to it would be looked up by an index of the FMO alone, through all rows there are: minutes become hours.
    Counting here also keeps the server's own away until the load ends. It keeps other loads' here as well; those go on
    without, since rows of this one are then there.
    """
    # What is believed may come from a check, whose rows are gone: only much more than is written counts.
    if written < MANY or run(_BELIEVED, name=name).scalar_one() >= written * SHARE:
        return False
    before = run("SHOW lock_timeout").scalar_one()
    run("SELECT set_config('lock_timeout', '2s', true)")  # long enough for the server's own to give way
    try:
        with apart():
            run(f"ANALYZE {name}")
    except OperationalError:
        return False
    finally:
        run("SELECT set_config('lock_timeout', :before, true)", before=before)
    return True
