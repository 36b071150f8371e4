"""What accounts would lose by a change of the book that is not made yet."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import text

from portal.book.undoing.statements import CONCERNED
from portal.extensions import db

_SERVED = f"""
SELECT c.business_id, count(*) AS copies
FROM ({CONCERNED}) u JOIN crm_policy c ON c.fmo_id = :fmo AND c.policy_id = u.id AND c.released_at IS NULL
WHERE u.stuck IS NULL AND NOT EXISTS (
  SELECT 1 FROM business_npn n
  WHERE n.fmo_id = :fmo AND n.business_id = c.business_id AND n.npn = u.npn_then AND n.until IS NULL)
GROUP BY c.business_id ORDER BY copies DESC, c.business_id
"""


def by_undo(known: dict[str, Any]) -> list[tuple[UUID, int]]:
    """Each Business that taking a run back would take copies from, and how many; the most first."""
    return [(row.business_id, row.copies) for row in db.session.execute(text(_SERVED), known)]
