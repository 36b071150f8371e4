"""Contacts of the members: new ones, their carrier values, and what they are recognised by."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import text

from portal.crm.statements.values import SAME_VALUES, carry
from portal.extensions import db

# What the agent removed does not come back: neither the policy nor anything of a contact that was removed.
_REMOVED = """
WITH gone AS (SELECT c.id FROM contact c
              WHERE c.fmo_id = :fmo AND c.business_id = :business AND c.removed_at IS NOT NULL),
people AS (DELETE FROM sync_member m USING gone g
           WHERE coalesce(m.contact_id, (SELECT l.contact_id FROM sync_link l WHERE l.member_id = m.member_id)) = g.id)
UPDATE sync_policy s SET removed = true FROM gone g
WHERE coalesce(s.contact_id, s.copy_contact_id,
               (SELECT l.contact_id FROM sync_link l WHERE l.member_id = s.member_id)) = g.id
"""

# A member all of whose policies here were removed one by one needs no new contact.
_UNWANTED = """
WITH wanted AS (SELECT DISTINCT member_id FROM sync_policy WHERE NOT removed),
people AS (DELETE FROM sync_member m WHERE NOT EXISTS (SELECT 1 FROM wanted w WHERE w.member_id = m.member_id))
DELETE FROM sync_link l WHERE NOT EXISTS (SELECT 1 FROM wanted w WHERE w.member_id = l.member_id)
"""

_NEW = """
INSERT INTO contact (fmo_id, business_id, id, carried, mbi, mbi_hash, member_id)
SELECT DISTINCT ON (l.contact_id) :fmo, :business, l.contact_id, m.carried, m.mbi, m.mbi_hash, m.member_id
FROM sync_link l JOIN sync_member m ON m.member_id = l.member_id WHERE l.fresh
ORDER BY l.contact_id, m.as_of DESC, m.carrier DESC, m.member_id DESC
"""

_SOURCES = """
INSERT INTO contact_source (fmo_id, business_id, id, contact_id, member_id, carried, mbi, mbi_hash, carrier, as_of,
                            rung)
SELECT :fmo, :business, uuidv7(), coalesce(m.contact_id, l.contact_id), m.member_id, m.carried, m.mbi, m.mbi_hash,
       m.carrier, m.as_of, coalesce(l.rung, 'linked')
FROM sync_member m LEFT JOIN sync_link l ON l.member_id = m.member_id WHERE m.source_id IS NULL
"""

_CHANGED_SOURCES = """
UPDATE contact_source s
SET carried = m.carried, mbi = m.mbi, mbi_hash = m.mbi_hash, carrier = m.carrier, as_of = m.as_of
FROM sync_member m WHERE s.fmo_id = :fmo AND s.business_id = :business AND s.id = m.source_id
"""

_KEYS = """
INSERT INTO contact_key (fmo_id, business_id, id, contact_id, kind, value)
SELECT DISTINCT ON (t.contact_id, k.kind, k.value) :fmo, :business, uuidv7(), t.contact_id, k.kind, k.value
FROM sync_key k JOIN (SELECT DISTINCT s.member_id, coalesce(s.contact_id, s.copy_contact_id, l.contact_id) AS contact_id
                      FROM sync_policy s LEFT JOIN sync_link l ON l.member_id = s.member_id WHERE NOT s.removed) t
  ON t.member_id = k.member_id
ON CONFLICT (business_id, kind, value, contact_id) DO NOTHING
"""

# A new contact of one member has its values already; every other contact that was touched takes them from its sources.
_TOUCHED = """
SELECT DISTINCT t.contact_id FROM (
  SELECT coalesce(m.contact_id, l.contact_id) AS contact_id, coalesce(l.fresh, false) AS fresh,
         count(*) OVER (PARTITION BY coalesce(m.contact_id, l.contact_id)) AS members
  FROM sync_member m LEFT JOIN sync_link l ON l.member_id = m.member_id) t
WHERE NOT t.fresh OR t.members > 1
"""

_ALIKE = """
INSERT INTO possible_duplicate (fmo_id, business_id, id, contact_id, other_id, reason, run_id)
SELECT DISTINCT ON (least(one.id, other.id), greatest(one.id, other.id))
       :fmo, :business, uuidv7(), least(one.id, other.id), greatest(one.id, other.id),
       'The same name and birth date', :run
FROM sync_link l JOIN contact one ON one.fmo_id = :fmo AND one.business_id = :business AND one.id = l.contact_id
JOIN contact other ON other.fmo_id = :fmo AND other.business_id = :business AND other.id <> one.id
  AND other.sort_key = one.sort_key AND other.birth_date = one.birth_date AND other.removed_at IS NULL
  AND NOT other.hidden
WHERE l.fresh ON CONFLICT DO NOTHING
"""

_SHOW = """
UPDATE contact c SET hidden = false, updated_at = now()
FROM (SELECT DISTINCT coalesce(s.contact_id, s.copy_contact_id, l.contact_id) AS id FROM sync_policy s
      LEFT JOIN sync_link l ON l.member_id = s.member_id WHERE NOT s.same AND NOT s.removed) t
WHERE c.fmo_id = :fmo AND c.business_id = :business AND c.id = t.id AND c.hidden AND c.removed_at IS NULL
"""


def leave_removed(fmo_id: UUID, business_id: UUID) -> None:
    """Mark what the agent removed, so that nothing below touches it."""
    db.session.execute(text(_REMOVED), {"fmo": fmo_id, "business": business_id})
    db.session.execute(text(_UNWANTED))


def write_new(fmo_id: UUID, business_id: UUID) -> None:
    """Write the contacts that nobody was matched to."""
    db.session.execute(text(_NEW), {"fmo": fmo_id, "business": business_id})


def write(fmo_id: UUID, business_id: UUID, run_id: UUID) -> None:
    """Write sources and keys, and the carrier values of every contact that a source touches; show who is back."""
    known: dict[str, Any] = {"fmo": fmo_id, "business": business_id}
    for statement in (_SOURCES, _CHANGED_SOURCES, _KEYS):
        db.session.execute(text(statement), known)
    touched = list(db.session.execute(text(_TOUCHED)).scalars())
    carry(fmo_id, [business_id] * len(touched), touched, unless=SAME_VALUES)
    db.session.execute(text(_SHOW), known)
    db.session.execute(text(_ALIKE), {**known, "run": run_id})


def counts(fmo_id: UUID, business_id: UUID, run_id: UUID) -> dict[str, int]:
    """Figures about contacts for the run's report."""
    row = db.session.execute(text(_COUNTS), {"fmo": fmo_id, "business": business_id, "run": run_id}).mappings().one()
    return {name: int(value) for name, value in row.items()}


_COUNTS = """
SELECT (SELECT count(DISTINCT contact_id) FROM sync_link WHERE fresh) AS contacts_new,
       (SELECT count(DISTINCT contact_id) FROM sync_link WHERE NOT fresh) AS contacts_linked,
       (SELECT count(*) FROM possible_duplicate d
        WHERE d.fmo_id = :fmo AND d.business_id = :business AND d.run_id = :run) AS possible_duplicates,
       count(*) AS contacts, count(*) FILTER (WHERE coalesce(c.email, '') = '') AS without_email
FROM contact c
WHERE c.fmo_id = :fmo AND c.business_id = :business AND c.id IN (
  SELECT coalesce(s.contact_id, s.copy_contact_id, l.contact_id) FROM sync_policy s
  LEFT JOIN sync_link l ON l.member_id = s.member_id WHERE NOT s.removed)
"""
