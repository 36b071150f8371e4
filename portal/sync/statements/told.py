"""What is told of copies in accounts without showing any of the person: carrier and NPN."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import text

from portal.core import scope
from portal.extensions import db

Pair = tuple[UUID, UUID]
_CARRIERS = """
SELECT c.business_id, c.policy_id, c.carrier, c.npn
FROM unnest(CAST(:businesses AS uuid[]), CAST(:policies AS uuid[])) AS t (business_id, policy_id)
JOIN crm_policy c ON c.fmo_id = :fmo AND c.business_id = t.business_id AND c.policy_id = t.policy_id
"""


def carriers(pairs: Sequence[Pair]) -> Mapping[Pair, tuple[str, str]]:
    """(carrier, NPN) of each copy of (Business, policy), released ones too."""
    known = {"fmo": scope.fmo_id(), "businesses": [b for b, _ in pairs], "policies": [p for _, p in pairs]}
    rows = db.session.execute(text(_CARRIERS), known).all()
    return {(row.business_id, row.policy_id): (row.carrier, row.npn) for row in rows}
