"""A contact's carrier values, told by its source members: the newest first, older ones where it is silent."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text

from portal.crm.models import ADDRESS
from portal.extensions import db

_NEWER = "(n.as_of, n.carrier, n.member_id) > (s.as_of, s.carrier, s.member_id)"
# An address is one value: its lines never come from two sources.
_ADDRESS = "(" + ", ".join(f"'{name}'" for name in ADDRESS) + ")"
_CARRY = f"""
UPDATE contact c
SET carried = v.carried, mbi = v.mbi, mbi_hash = v.mbi_hash, member_id = v.member_id, updated_at = now()
FROM (
  SELECT t.business_id, t.contact_id,
         coalesce(CASE WHEN x.sources = 1 THEN x.one ELSE w.carried END, '{{}}') AS carried,
         x.mbi, x.mbi_hash, x.member_id
  FROM unnest(CAST(:businesses AS uuid[]), CAST(:contacts AS uuid[])) AS t (business_id, contact_id),
  LATERAL (
    SELECT (array_agg(s.mbi ORDER BY s.as_of DESC, s.carrier DESC, s.member_id DESC)
            FILTER (WHERE s.mbi_hash IS NOT NULL))[1] AS mbi,
           (array_agg(s.mbi_hash ORDER BY s.as_of DESC, s.carrier DESC, s.member_id DESC)
            FILTER (WHERE s.mbi_hash IS NOT NULL))[1] AS mbi_hash,
           (array_agg(s.member_id ORDER BY s.as_of DESC, s.carrier DESC, s.member_id DESC))[1] AS member_id,
           count(*) AS sources, (array_agg(s.carried))[1] AS one
    FROM contact_source s
    WHERE s.fmo_id = :fmo AND s.business_id = t.business_id AND s.contact_id = t.contact_id
  ) x,
  LATERAL (
    SELECT jsonb_object_agg(e.key, e.value ORDER BY s.as_of, s.carrier, s.member_id) AS carried
    FROM contact_source s, jsonb_each(s.carried) e
    WHERE x.sources > 1 AND s.fmo_id = :fmo AND s.business_id = t.business_id AND s.contact_id = t.contact_id
      AND NOT (e.key IN {_ADDRESS} AND EXISTS (
        SELECT 1 FROM contact_source n WHERE n.fmo_id = :fmo AND n.business_id = t.business_id
          AND n.contact_id = t.contact_id AND {_NEWER}
          AND coalesce(n.carried->>'address1', n.carried->>'city', n.carried->>'zip') IS NOT NULL))
  ) w
) v
WHERE c.fmo_id = :fmo AND c.business_id = v.business_id AND c.id = v.contact_id
"""
SAME_VALUES = """
c.carried = v.carried AND c.mbi IS NOT DISTINCT FROM v.mbi
AND c.mbi_hash IS NOT DISTINCT FROM v.mbi_hash AND c.member_id IS NOT DISTINCT FROM v.member_id
"""


def carry(fmo_id: UUID, businesses: list[UUID], contacts: list[UUID], *, unless: str = "false") -> None:
    """Recompute the carrier values of (Business, contact) pairs; a contact without a source keeps none.

    `unless` is an SQL condition for leaving a row alone. The FMO's login must not read what it takes away: none for it.
    """
    if contacts:
        db.session.execute(
            text(f"{_CARRY} AND NOT ({unless})"), {"fmo": fmo_id, "businesses": businesses, "contacts": contacts}
        )
