"""Further NPNs of the same person or agency that have policies in the book and are not in the account."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import text

from portal.extensions import db

# An agency's account may lack its principal and members, an agent's that of the agency; a person is known by e-mail.
_GAPS = """
WITH mine AS (SELECT p.* FROM producer p WHERE p.fmo_id = :fmo AND p.npn = ANY(:npns)),
near AS (
  SELECT p.npn, p.name, p.id, p.kind FROM producer p JOIN mine m ON m.kind = 'agency' AND p.agency_id = m.id
  WHERE p.fmo_id = :fmo
  UNION
  SELECT p.npn, p.name, p.id, p.kind FROM producer p JOIN mine m ON p.id = m.agency_id WHERE p.fmo_id = :fmo
  UNION
  SELECT p.npn, p.name, p.id, p.kind FROM producer p JOIN mine m ON lower(p.email) = lower(m.email) AND p.id <> m.id
  WHERE p.fmo_id = :fmo AND p.email <> ''
)
SELECT n.npn, n.name, n.id, n.kind,
       (SELECT count(*) FROM policy b WHERE b.fmo_id = :fmo AND b.writing_npn = n.npn) AS policies,
       ARRAY(SELECT a.name FROM business_npn o JOIN business a ON a.fmo_id = o.fmo_id AND a.id = o.business_id
             WHERE o.fmo_id = :fmo AND o.npn = n.npn AND o.until IS NULL ORDER BY a.name_key, a.id) AS accounts
FROM near n WHERE NOT n.npn = ANY(:npns)
"""


def find(fmo_id: UUID, npns: list[str]) -> list[dict[str, Any]]:
    """[{npn, name, producer_id, kind, policies, accounts}], most policies first, for an account that has `npns`.

    `accounts` are the names of the Businesses that have the NPN already, as far as the scope sees them.
    """
    rows = db.session.execute(text(_GAPS), {"fmo": fmo_id, "npns": npns}).mappings()
    found = [
        {"producer_id": str(r["id"]), **{key: r[key] for key in ("npn", "name", "kind", "policies", "accounts")}}
        for r in rows
        if r["policies"]
    ]
    return sorted(found, key=lambda gap: (-gap["policies"], gap["npn"]))
