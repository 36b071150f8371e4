"""What reviews ask about the FMO and its log as a whole."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

_SINCE = "SELECT least((SELECT created_at FROM fmo WHERE id = :fmo_id), now())"
_NOW = "SELECT now()"
_SEALS = """
SELECT min(n) AS first, max(n) AS last, count(*)::int AS seals FROM seal
WHERE fmo_id = :fmo_id AND last_at >= :begin AND first_at < :end
"""
_UNSEALED = """
SELECT count(*)::int FROM access_entry e
WHERE e.fmo_id = :fmo_id AND e.at >= :begin AND e.at < :end
  AND NOT EXISTS (SELECT FROM seal_member m WHERE m.fmo_id = e.fmo_id AND m.id = e.id)
"""
_CAME_LATER = """
SELECT min(e.at) FROM access_entry e
WHERE e.fmo_id = :fmo_id AND e.at >= :begin AND e.at < :end
  AND NOT EXISTS (
    SELECT FROM seal_member m JOIN seal s ON s.fmo_id = m.fmo_id AND s.n = m.n
    JOIN review r ON r.fmo_id = m.fmo_id AND r.signed_at IS NOT NULL AND r.from_at <= e.at AND r.until_at > e.at
      AND s.sealed_at <= r.until_at + cast(:lag AS interval)
    WHERE m.fmo_id = e.fmo_id AND m.id = e.id)
"""


def since(session: Session, fmo_id: UUID) -> datetime:
    """Since when the FMO is there."""
    found: datetime = session.execute(text(_SINCE), {"fmo_id": fmo_id}).scalar_one()
    return found


def now(session: Session) -> datetime:
    """The present moment by the database's clock, by which entries are dated."""
    found: datetime = session.execute(text(_NOW)).scalar_one()
    return found


def seals(session: Session, **values: Any) -> Row[Any]:
    """first, last and number of the seals that hold entries of a period."""
    return session.execute(text(_SEALS), values).one()


def came_later(session: Session, **values: Any) -> datetime | None:
    """The oldest entry of a period that no signed review can have looked at: it was sealed after that one's search."""
    found: datetime | None = session.execute(text(_CAME_LATER), values).scalar()
    return found


def unsealed(session: Session, **values: Any) -> int:
    """Entries of a period that stand in no seal yet."""
    return int(session.execute(text(_UNSEALED), values).scalar_one())
