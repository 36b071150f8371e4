"""The few members for whom the ladder has something to decide, and what it decided."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import text

from portal.connectors.ladder import name_key, person_key_sql
from portal.core.ids import new_id
from portal.crm.matching import Decisions, Person
from portal.extensions import db

# Contacts that agents made or edited have no keys of their own: agents' requests may not write any.
_AGENTS_KEYS = f"""
INSERT INTO contact_key (fmo_id, business_id, id, contact_id, kind, value)
SELECT :fmo, :business, uuidv7(), k.contact_id, k.kind, k.value
FROM (SELECT c.id AS contact_id, v.kind, v.value
      FROM contact c, LATERAL (VALUES
        ('person', {person_key_sql("c.first_name", "c.last_name", "c.birth_date", "c.zip")}), ('mbi', c.mbi_hash)
      ) AS v (kind, value)
      WHERE c.fmo_id = :fmo AND c.business_id = :business AND v.value IS NOT NULL
        AND (c.agent_owned OR c.made_by IS NOT NULL OR c.typed <> '{{}}')) k
WHERE NOT EXISTS (SELECT 1 FROM contact_key h WHERE h.business_id = :business AND h.kind = k.kind
                  AND h.value = k.value AND h.contact_id = k.contact_id)
"""

_HITS = """
SELECT k.member_id, h.contact_id FROM sync_key k
JOIN sync_member m ON m.member_id = k.member_id AND m.contact_id IS NULL
JOIN contact_key h ON h.fmo_id = :fmo AND h.business_id = :business AND h.kind = k.kind AND h.value = k.value
"""

_ALIKE = """
SELECT unnest(array_agg(k.member_id)) FROM sync_key k
JOIN sync_member m ON m.member_id = k.member_id AND m.contact_id IS NULL
GROUP BY k.kind, k.value HAVING count(*) > 1
"""

_MEMBERS = """
SELECT m.member_id, m.birth_date, m.mbi_hash, m.first_name, k.kind, k.value
FROM sync_member m LEFT JOIN sync_key k ON k.member_id = m.member_id WHERE m.member_id = ANY(:ids)
"""

_CONTACTS = """
SELECT c.id, c.birth_date, c.mbi_hash, c.first_name, k.kind, k.value
FROM contact c LEFT JOIN contact_key k ON k.business_id = c.business_id AND k.contact_id = c.id
WHERE c.fmo_id = :fmo AND c.business_id = :business AND c.id = ANY(:ids)
"""

_PLAIN = """
INSERT INTO sync_link SELECT member_id, uuidv7(), 'new', true FROM sync_member
WHERE contact_id IS NULL AND NOT member_id = ANY(:decided)
"""

_DECIDED = """
INSERT INTO sync_link
SELECT * FROM unnest(CAST(:members AS uuid[]), CAST(:contacts AS uuid[]), CAST(:rungs AS text[]),
                     CAST(:fresh AS boolean[]))
"""

_DOUBTS = """
INSERT INTO possible_duplicate (fmo_id, business_id, id, contact_id, other_id, reason, run_id)
SELECT :fmo, :business, uuidv7(), least(d.a, d.b), greatest(d.a, d.b), d.reason, :run
FROM unnest(CAST(:ones AS uuid[]), CAST(:others AS uuid[]), CAST(:reasons AS text[])) AS d (a, b, reason)
JOIN contact one ON one.business_id = :business AND one.id = d.a AND one.removed_at IS NULL
JOIN contact other ON other.business_id = :business AND other.id = d.b AND other.removed_at IS NULL
ON CONFLICT DO NOTHING
"""


def load(fmo_id: UUID, business_id: UUID) -> tuple[list[Person], list[Person]]:
    """(contacts, members without a contact) that share a key with one another."""
    known = {"fmo": fmo_id, "business": business_id}
    db.session.execute(text(_AGENTS_KEYS), known)
    hits = db.session.execute(text(_HITS), known).all()
    members = {row[0] for row in hits} | set(db.session.execute(text(_ALIKE)).scalars())
    contacts = {row[1] for row in hits}
    return (
        _people(db.session.execute(text(_CONTACTS), {**known, "ids": list(contacts)}).all()) if contacts else [],
        _people(db.session.execute(text(_MEMBERS), {"ids": list(members)}).all()) if members else [],
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


def link(decisions: Decisions, contacts: Iterable[Person]) -> dict[UUID, UUID]:
    """Fill `sync_link`: what was decided, and a new contact for everybody else. Gives person → contact id."""
    ids = {contact.id: contact.id for contact in contacts}
    fresh = {person for person, _ in decisions.links.values()} - set(ids)
    ids.update((person, new_id()) for person in sorted(fresh))
    if decisions.links:
        rows = [(member, ids[person], rung, person in fresh) for member, (person, rung) in decisions.links.items()]
        members, targets, rungs, flags = (list(column) for column in zip(*rows, strict=True))
        db.session.execute(text(_DECIDED), {"members": members, "contacts": targets, "rungs": rungs, "fresh": flags})
    db.session.execute(text(_PLAIN), {"decided": list(decisions.links)})
    db.session.execute(text("ANALYZE sync_link"))
    return ids


def doubt(fmo_id: UUID, business_id: UUID, run_id: UUID, decisions: Decisions, ids: dict[UUID, UUID]) -> None:
    """Put the ladder's doubts before a person; contacts that the agent removed are left alone."""
    pairs = [(ids[d.person], ids[d.other], d.reason) for d in decisions.doubts if d.other in ids and d.person in ids]
    if not pairs:
        return
    ones, others, reasons = (list(column) for column in zip(*pairs, strict=True))
    db.session.execute(
        text(_DOUBTS),
        {"fmo": fmo_id, "business": business_id, "run": run_id, "ones": ones, "others": others, "reasons": reasons},
    )
