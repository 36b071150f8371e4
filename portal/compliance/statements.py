"""SQL that looks at the log's tables themselves: partitions, grants, triggers, and counts without reading an entry."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

_TABLES = """
SELECT c.relname AS name, c.relispartition AS is_partition, c.relrowsecurity AND c.relforcerowsecurity AS walled,
  exists (SELECT 1 FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgfoid = 'refuse_change'::regproc
          AND t.tgenabled IN ('O', 'A') AND t.tgtype & 27 = 27) AS kept
FROM pg_class c
WHERE c.oid IN ('access_entry'::regclass, 'installation_entry'::regclass, 'seal'::regclass, 'seal_member'::regclass)
   OR c.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'access_entry'::regclass)
ORDER BY c.relname
"""  # 27: for each row, before, update, delete

_GRANTS = """
SELECT relname AS table_name, verb FROM
  unnest(cast(:tables AS text[])) relname,
  unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) verb
WHERE CASE WHEN verb IN ('SELECT', 'INSERT', 'UPDATE') THEN has_any_column_privilege(:login, relname::regclass, verb)
           ELSE has_table_privilege(:login, relname::regclass, verb) END
ORDER BY 1, 2
"""

_COUNTS = """
SELECT count(*) AS entries,
  count(*) FILTER (WHERE version NOT BETWEEN 1 AND :version) AS unknown_version,
  count(*) FILTER (WHERE at > now() + interval '5 minutes') AS future,
  count(*) FILTER (WHERE tableoid = 'access_entry_default'::regclass) AS outside
FROM access_entry WHERE fmo_id = :fmo_id
"""


def tables(session: Session) -> Sequence[Row[Any]]:
    """The log's tables and partitions: name, is_partition, walled (row security forced), kept (the trigger stands)."""
    return session.execute(text(_TABLES)).all()


def grants(session: Session, login: str, names: list[str]) -> set[tuple[str, str]]:
    """(table, verb) of everything that the database login may do with the tables `names`."""
    rows = session.execute(text(_GRANTS), {"login": login, "tables": names})
    return {(row.table_name, row.verb) for row in rows}


def this_month(session: Session) -> date:
    """The first day of the month by the database's clock."""
    found: date = session.execute(text("SELECT date_trunc('month', now())::date")).scalar_one()
    return found


def fmo_ids(session: Session) -> list[UUID]:
    """Every FMO; only the sign-in's login sees them all."""
    return list(session.execute(text("SELECT id FROM fmo ORDER BY id")).scalars())


def counts(session: Session, fmo_id: UUID, version: int) -> Row[Any]:
    """Of one FMO: entries, and how many of them are of an unknown version, in the future, or outside every month."""
    return session.execute(text(_COUNTS), {"fmo_id": fmo_id, "version": version}).one()
