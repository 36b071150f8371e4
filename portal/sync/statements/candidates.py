"""The few members for whom the ladder has something to decide, and what it decided."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from portal.connectors.ladder import name_key
from portal.core.ids import new_id
from portal.crm.matching import Decisions, Person
from portal.extensions import db

# Contacts that agents made or edited may be known by what was typed, of which no key is kept yet.
_TYPED_KEYS = """
CREATE TEMPORARY TABLE sync_typed ON COMMIT DROP AS
SELECT k.contact_id, k.kind, k.value
FROM (SELECT c.id AS contact_id, v.kind, v.value
      FROM contact c, LATERAL (VALUES
        ('person', nullif(c.first_key, '') || '|' || nullif(split_part(c.sort_key, ' ', 1), '') || '|'
                   || to_char(c.birth_date, 'YYYY-MM-DD') || '|' || nullif(c.zip, '')),
        ('mbi', c.mbi_hash), ('mbi', c.typed_mbi_hash)
      ) AS v (kind, value)
      WHERE c.fmo_id = :fmo AND c.business_id = :business AND v.value IS NOT NULL
        AND c.merged_into IS NULL AND (c.agent_owned OR c.made_by IS NOT NULL OR c.typed <> '{}')) k
WHERE NOT EXISTS (SELECT 1 FROM contact_key h WHERE h.fmo_id = :fmo AND h.business_id = :business AND h.kind = k.kind
                  AND h.value = k.value AND h.contact_id = k.contact_id)
"""
_KEEP_TYPED = """
INSERT INTO contact_key (fmo_id, business_id, id, contact_id, kind, value)
SELECT DISTINCT ON (contact_id, kind, value) :fmo, :business, uuidv7(), contact_id, kind, value FROM sync_typed
ON CONFLICT (business_id, kind, value, contact_id) DO NOTHING
"""

# What a Limited user made would show them the carriers' values: it meets nobody but those of their own NPN.
_HITS = """
SELECT t.member_id, t.contact_id
FROM (SELECT k.member_id, h.contact_id FROM sync_key k
      JOIN contact_key h ON h.fmo_id = :fmo AND h.business_id = :business AND h.kind = k.kind AND h.value = k.value
      WHERE k.stranger
      UNION
      SELECT k.member_id, h.contact_id FROM sync_key k JOIN sync_typed h ON h.kind = k.kind AND h.value = k.value
      WHERE k.stranger) t
LEFT JOIN (SELECT c.id, u.npn FROM contact c JOIN portal_user u ON u.fmo_id = :fmo AND u.id = c.made_by
           WHERE c.fmo_id = :fmo AND c.business_id = :business AND c.member_id IS NULL AND u.role = 'agent_limited'
          ) l ON l.id = t.contact_id
WHERE l.id IS NULL OR EXISTS (SELECT 1 FROM sync_policy s WHERE s.member_id = t.member_id AND s.npn = l.npn)
"""

_ANYBODY = "SELECT EXISTS (SELECT 1 FROM contact WHERE fmo_id = :fmo AND business_id = :business)"
_ALIKE = """
SELECT unnest(array_agg(member_id)) FROM sync_key WHERE stranger GROUP BY kind, value HAVING count(*) > 1
"""

_MEMBERS = """
SELECT m.member_id, m.birth_date, m.mbi_hash, m.carried->>'first_name', k.kind, k.value
FROM sync_member m LEFT JOIN sync_key k ON k.member_id = m.member_id WHERE m.member_id = ANY(:ids)
"""

_CONTACTS = """
SELECT c.id, c.birth_date, coalesce(c.mbi_hash, c.typed_mbi_hash), c.first_name, k.kind, k.value, c.removed_at
FROM contact c
LEFT JOIN (SELECT contact_id, kind, value FROM contact_key
           WHERE fmo_id = :fmo AND business_id = :business AND contact_id = ANY(:ids)
           UNION SELECT contact_id, kind, value FROM sync_typed WHERE contact_id = ANY(:ids)) k ON k.contact_id = c.id
WHERE c.fmo_id = :fmo AND c.business_id = :business AND c.id = ANY(:ids)
"""

_DECIDED = """
INSERT INTO sync_link
SELECT * FROM unnest(CAST(:members AS uuid[]), CAST(:contacts AS uuid[]), CAST(:rungs AS text[]),
                     CAST(:fresh AS boolean[]), CAST(:removed AS timestamptz[]))
"""

# Contacts that the agent removed are left alone, and what was asked once is not asked again.
_DOUBTFUL = """
FROM (SELECT DISTINCT ON (least(a, b), greatest(a, b)) least(a, b) AS a, greatest(a, b) AS b, reason
      FROM unnest(CAST(:ones AS uuid[]), CAST(:others AS uuid[]), CAST(:reasons AS text[])) AS t (a, b, reason)) d
WHERE NOT EXISTS (SELECT 1 FROM contact k WHERE k.fmo_id = :fmo AND k.business_id = :business AND k.id IN (d.a, d.b)
                  AND k.removed_at IS NOT NULL)
  AND NOT EXISTS (SELECT 1 FROM possible_duplicate p WHERE p.fmo_id = :fmo AND p.business_id = :business
                  AND p.contact_id = d.a AND p.other_id = d.b)
"""
_ASK = f"""
INSERT INTO possible_duplicate (fmo_id, business_id, id, contact_id, other_id, reason, run_id)
SELECT :fmo, :business, uuidv7(), d.a, d.b, d.reason, :run {_DOUBTFUL} ON CONFLICT DO NOTHING
"""


def load(at: Session, fmo_id: UUID, business_id: UUID) -> tuple[list[Person], list[Person], dict[UUID, datetime]]:
    """(contacts, members without a contact) that share a key with one another, and when contacts were removed."""
    known = {"fmo": fmo_id, "business": business_id}
    at.execute(text(_TYPED_KEYS), known)
    hits = at.execute(text(_HITS), known).all() if at.execute(text(_ANYBODY), known).scalar() else []
    members = {row[0] for row in hits} | set(at.execute(text(_ALIKE)).scalars())
    contacts = {row[1] for row in hits}
    found = at.execute(text(_CONTACTS), {**known, "ids": list(contacts)}).all() if contacts else []
    return (
        _people(row[:6] for row in found),
        _people(at.execute(text(_MEMBERS), {"ids": list(members)}).all()) if members else [],
        {row[0]: row[6] for row in found if row[6] is not None},
    )


def _people(rows: Iterable[Any]) -> list[Person]:
    found: dict[UUID, Person] = {}
    for person_id, birth_date, mbi_hash, first_name, kind, value in rows:
        person = found.setdefault(
            person_id, Person(person_id, birth_date, mbi_hash, name_key(first_name or "") or None)
        )
        if kind is not None:
            person.keys.setdefault(kind, set()).add(value)
    return list(found.values())


def link(
    at: Session, decisions: Decisions, contacts: Iterable[Person], removed: dict[UUID, datetime]
) -> dict[UUID, UUID]:
    """Fill `sync_link` with what was decided; every other member becomes a contact. Gives person → contact id."""
    ids = {contact.id: contact.id for contact in contacts}
    fresh = {person for person, _ in decisions.links.values()} - set(ids)
    ids.update((person, new_id()) for person in sorted(fresh))
    if decisions.links:
        rows = [
            (member, ids[person], rung, person in fresh, removed.get(person))
            for member, (person, rung) in decisions.links.items()
        ]
        names = ("members", "contacts", "rungs", "fresh", "removed")
        at.execute(text(_DECIDED), {n: list(c) for n, c in zip(names, zip(*rows, strict=True), strict=True)})
        at.execute(text("ANALYZE sync_link"))
    return ids


Pairs = list[tuple[UUID, UUID, str]]


def pairs(decisions: Decisions, ids: dict[UUID, UUID]) -> Pairs:
    """(contact, other contact, reason) of what the ladder could not decide."""
    return [(ids[d.person], ids[d.other], d.reason) for d in decisions.doubts if d.other in ids and d.person in ids]


def count_doubts(at: Session, fmo_id: UUID, business_id: UUID, doubts: Pairs) -> int:
    """How many of these would be put before a person."""
    if not doubts:
        return 0
    found: int = at.execute(text(f"SELECT count(*) {_DOUBTFUL}"), _values(fmo_id, business_id, doubts)).scalar_one()
    return found


def ask(fmo_id: UUID, business_id: UUID, run_id: UUID, doubts: Pairs) -> int:
    """Put the ladder's doubts before a person; how many are new."""
    if not doubts:
        return 0
    done = db.session.execute(text(_ASK), {**_values(fmo_id, business_id, doubts), "run": run_id})
    asked: int = done.rowcount  # type: ignore[attr-defined]  # an INSERT has one
    return asked


def _values(fmo_id: UUID, business_id: UUID, doubts: Pairs) -> dict[str, Any]:
    ones, others, reasons = (list(column) for column in zip(*doubts, strict=True))
    return {"fmo": fmo_id, "business": business_id, "ones": ones, "others": others, "reasons": reasons}


def keep_typed(fmo_id: UUID, business_id: UUID) -> None:
    """Keep as keys what agents typed, for the next run."""
    db.session.execute(text(_KEEP_TYPED), {"fmo": fmo_id, "business": business_id})
