"""SQL over the log's months."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from portal.compliance.retention.months import Month, month_named

_PARTITIONS = text("""
SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'access_entry'::regclass AND c.relname ~ '^access_entry_\\d{4}_\\d{2}$' ORDER BY 1
""")
# Counted by the server as rows come and go: nobody may read a partition by itself.
_OUTSIDE = text("SELECT coalesce(pg_stat_get_live_tuples('access_entry_default'::regclass), 0)")


def months(session: Session) -> Sequence[Month]:
    """Every month that has a partition, oldest first."""
    return [month_named(name) for name in session.execute(_PARTITIONS).scalars()]


def outside(session: Session) -> int:
    """About how many entries stand in no month."""
    return int(session.execute(_OUTSIDE).scalar_one())
