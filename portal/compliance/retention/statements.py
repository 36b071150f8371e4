"""SQL over the log's months, as the sealer asks it inside one FMO; and the one function of the login for retention."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from portal.compliance.retention.months import Month, month_named
from portal.compliance.seals import statements as seals
from portal.compliance.seals.archives import Archive, spelled
from portal.compliance.seals.chain import Link
from portal.core.ids import new_id

_PARTITIONS = text("""
SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'access_entry'::regclass AND c.relname ~ '^access_entry_\\d{4}_\\d{2}$' ORDER BY 1
""")
# Counted by the server as rows come and go: nobody may read a partition by itself.
_OUTSIDE = text("SELECT coalesce(pg_stat_get_live_tuples('access_entry_default'::regclass), 0)")
_IN_MONTH = "e.fmo_id = :fmo_id AND e.at >= :begin AND e.at < :end"
_COUNT = text(f"SELECT count(*) FROM access_entry e WHERE {_IN_MONTH}")
_ANY = text(f"SELECT EXISTS (SELECT FROM access_entry e WHERE {_IN_MONTH})")
_NAMES = text(f"SELECT EXISTS (SELECT FROM access_entry e WHERE {_IN_MONTH} AND strpos(e::text, :subject) > 0)")
_SEALS = f"""
SELECT {seals.COLUMNS} FROM seal WHERE fmo_id = %(chain)s AND last_at >= %(begin)s AND first_at < %(end)s ORDER BY n
"""
_YEARS = text("SELECT years FROM log_term WHERE fmo_id = :fmo_id ORDER BY set_at DESC, id DESC LIMIT 1")
_HOLDS = text(
    "SELECT id, subject_id FROM legal_hold WHERE fmo_id = :fmo_id AND lifted_at IS NULL ORDER BY placed_at, id"
)
_ARCHIVE = text("""
SELECT a.id, a.entries, a.ended_at, a.approved_by IS NOT NULL AS approved, a.second_by IS NOT NULL AS second,
  EXISTS (
    SELECT FROM access_entry e WHERE e.fmo_id = a.fmo_id AND e.at >= a.made_at AND e.action = 'log_archive.write'
      AND a.id = ANY(e.subject_ids)) AS told
FROM log_archive a WHERE a.fmo_id = :fmo_id AND a.month = :month
""")
_RECORD = text(f"SELECT {seals.RECORD} FROM log_archive WHERE fmo_id = :fmo_id AND month = :month")
_KEEP = text("""
INSERT INTO log_archive (fmo_id, id, month, begin_at, end_at, entries, seals, file, size, sha256, parts, key_id,
                         signature, version)
VALUES (:chain, :id, :month, :begin, :end, :entries, :seals, :file, :size, :sha256, cast(:parts AS jsonb), :key_id,
        :signature, :version)
""")
_END = text("SELECT end_access_month(:month, :as_of, :operator)")


def months(session: Session) -> Sequence[Month]:
    """Every month that has a partition, oldest first."""
    return [month_named(name) for name in session.execute(_PARTITIONS).scalars()]


def outside(session: Session) -> int:
    """About how many entries stand in no month."""
    return int(session.execute(_OUTSIDE).scalar_one())


def _span(fmo_id: UUID, month: Month) -> dict[str, Any]:
    return {"fmo_id": fmo_id, "begin": month.begin, "end": month.end}


def has_entries(session: Session, fmo_id: UUID, month: Month) -> bool:
    """Whether the FMO has an entry in the month."""
    return bool(session.execute(_ANY, _span(fmo_id, month)).scalar_one())


def count(session: Session, fmo_id: UUID, month: Month) -> int:
    """How many entries the FMO has in the month."""
    return int(session.execute(_COUNT, _span(fmo_id, month)).scalar_one())


def years(session: Session, fmo_id: UUID) -> int | None:
    """For how many years the FMO keeps its log, where it said so."""
    found: int | None = session.execute(_YEARS, {"fmo_id": fmo_id}).scalar()
    return found


def holding(session: Session, fmo_id: UUID, month: Month) -> UUID | None:
    """The first hold that keeps the month; a subject is looked for wherever an entry may name it."""
    for row in session.execute(_HOLDS, {"fmo_id": fmo_id}):
        named = {**_span(fmo_id, month), "subject": str(row.subject_id)}
        if row.subject_id is None or session.execute(_NAMES, named).scalar_one():
            found: UUID = row.id
            return found
    return None


def archived(session: Session, fmo_id: UUID, month: Month) -> Any:
    """Of the FMO's archive of the month: id, entries, ended_at, approved, second, and whether the log tells of it.

    None where there is none.
    """
    return session.execute(_ARCHIVE, {"fmo_id": fmo_id, "month": month.first}).one_or_none()


def record(session: Session, fmo_id: UUID, month: Month) -> Archive:
    """The record of the FMO's archive of the month."""
    return seals.as_archive(session.execute(_RECORD, {"fmo_id": fmo_id, "month": month.first}).one())


def seals_within(session: Session, chain: UUID, month: Month) -> Generator[Link]:
    """The seals in which an entry of the month may stand, in order, streamed."""
    values = {"chain": chain, "begin": month.begin, "end": month.end}
    yield from seals.links(session, _SEALS, **values)


def keep(session: Session, archive: Archive, month: Month) -> UUID:
    """Note a finished archive; gives the record's id."""
    values = {name: getattr(archive, name) for name in Archive.__slots__}
    parts = spelled(archive.parts)
    row: dict[str, Any] = {**values, "parts": json.dumps(parts), "id": new_id(), "month": month.first}
    session.execute(_KEEP, row)
    made: UUID = row["id"]
    return made


def end(connection: Connection, month: Month, as_of: datetime, operator: str) -> int:
    """Take a month out of the log, where everything is as the policy has it; raises what the database says."""
    values = {"month": month.first, "as_of": as_of, "operator": operator}
    return int(connection.execute(_END, values).scalar_one())
