"""What remains of a copy that was taken away: a line for its agent, and no key that the carriers' values gave."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import text

from portal.extensions import db

# The name is the carrier's: what an agent typed over it is not the FMO's to read.
_TELL = """
INSERT INTO left_policy (fmo_id, business_id, id, policy_id, member_id, npn, first_name, last_name, carrier, reason)
SELECT :fmo, c.business_id, uuidv7(), c.policy_id, c.member_id, c.npn, m.first_name, m.last_name, c.carrier, :reason
FROM unnest(CAST(:businesses AS uuid[]), CAST(:policies AS uuid[])) AS t (business_id, policy_id)
JOIN crm_policy c ON c.fmo_id = :fmo AND c.business_id = t.business_id AND c.policy_id = t.policy_id
JOIN member m ON m.fmo_id = :fmo AND m.id = c.member_id
WHERE c.removed_at IS NULL
"""
_PAIRS = "unnest(CAST(:businesses AS uuid[]), CAST(:contacts AS uuid[])) AS t (business_id, contact_id)"
# A hidden contact keeps its keys: nobody sees them, and whoever comes back is recognised. What a file of the agent
# brought is the agent's.
_FORGET_KEYS = f"""
DELETE FROM contact_key k USING {_PAIRS}, contact c
WHERE k.fmo_id = :fmo AND k.business_id = t.business_id AND k.contact_id = t.contact_id
  AND k.upload_id IS NULL
  AND c.fmo_id = :fmo AND c.business_id = t.business_id AND c.id = t.contact_id AND c.agent_owned
  AND NOT EXISTS (SELECT 1 FROM contact_source s WHERE s.fmo_id = :fmo AND s.business_id = t.business_id
                  AND s.contact_id = t.contact_id)
"""
# What was merged into the contact holds what an agent had left aside of it before.
_FORGET_DISMISSED = f"""
UPDATE contact c SET dismissed = '{{}}' FROM {_PAIRS}
WHERE c.fmo_id = :fmo AND c.business_id = t.business_id AND t.contact_id IN (c.id, c.merged_into)
"""
# A pair's reason says what carriers told of both. Whoever looks again finds what still holds.
_FORGET_PAIRS = f"""
DELETE FROM possible_duplicate d USING {_PAIRS}
WHERE d.fmo_id = :fmo AND d.business_id = t.business_id AND t.contact_id IN (d.contact_id, d.other_id)
  AND d.decided_at IS NULL
"""


def tell(fmo_id: UUID, taken: Iterable[tuple[UUID, UUID]], reason: str) -> None:
    """Keep a line for the agent of each (Business, policy) taken; of what the agent had removed, nothing is told."""
    pairs = list(taken)
    known = {"businesses": [b for b, _ in pairs], "policies": [p for _, p in pairs]}
    db.session.execute(text(_TELL), {"fmo": fmo_id, "reason": reason, **known})


def forget(fmo_id: UUID, poorer: Iterable[tuple[UUID, UUID]]) -> None:
    """Drop, of (Business, contact) that lost a source, keys without any left, dismissed values and open pairs."""
    pairs = list(poorer)
    known = {"fmo": fmo_id, "businesses": [b for b, _ in pairs], "contacts": [c for _, c in pairs]}
    for statement in (_FORGET_KEYS, _FORGET_DISMISSED, _FORGET_PAIRS):
        db.session.execute(text(statement), known)
