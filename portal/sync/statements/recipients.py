"""Who a Business is when policies are delivered to it, for an accounting years later."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text

from portal.extensions import db

_NOTE = """
WITH present AS (
  SELECT b.name, concat_ws(', ', p.name, coalesce(p.state, b.state), p.email, p.phone) AS contact,
         ARRAY(SELECT n.npn FROM business_npn n WHERE n.fmo_id = :fmo AND n.business_id = b.id AND n.until IS NULL
               ORDER BY n.npn) AS npns
  FROM business b JOIN producer p ON p.fmo_id = :fmo AND p.id = b.producer_id
  WHERE b.fmo_id = :fmo AND b.id = :business)
INSERT INTO disclosure_recipient (fmo_id, id, recipient_id, name, contact, npns)
SELECT :fmo, uuidv7(), :business, name, contact, npns FROM present p
WHERE NOT EXISTS (
  SELECT 1 FROM (SELECT r.name, r.contact, r.npns FROM disclosure_recipient r
                 WHERE r.fmo_id = :fmo AND r.recipient_id = :business ORDER BY r.since DESC, r.id DESC LIMIT 1) newest
  WHERE (newest.name, newest.contact, newest.npns) IS NOT DISTINCT FROM (p.name, p.contact, p.npns))
"""


def note(fmo_id: UUID, business_id: UUID) -> None:
    """Keep name, contact and NPNs of the Business as they are now, where the last line says otherwise."""
    db.session.execute(text(_NOTE), {"fmo": fmo_id, "business": business_id})
