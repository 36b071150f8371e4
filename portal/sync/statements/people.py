"""Contacts of the members: new ones, their carrier values, and what they are recognised by."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import text

from portal.crm.statements.values import SAME_VALUES, carry
from portal.extensions import db
from portal.sync.statements.ids import fresh, seed

# What the ladder left alone is a contact of its own; whom it joined becomes one with the newest member's values.
_PLAIN = """
INSERT INTO contact (fmo_id, business_id, id, carried, mbi, mbi_hash, member_id)
SELECT :fmo, :business, m.new_id, m.carried, m.mbi, m.mbi_hash, m.member_id FROM sync_member m
WHERE m.contact_id IS NULL AND NOT EXISTS (SELECT 1 FROM sync_link l WHERE l.member_id = m.member_id)
"""
_JOINED = """
INSERT INTO contact (fmo_id, business_id, id, carried, mbi, mbi_hash, member_id)
SELECT DISTINCT ON (l.contact_id) :fmo, :business, l.contact_id, m.carried, m.mbi, m.mbi_hash, m.member_id
FROM sync_link l JOIN sync_member m ON m.member_id = l.member_id WHERE l.fresh
ORDER BY l.contact_id, m.as_of DESC, m.carrier DESC, m.member_id DESC
"""

_CONTACT = "coalesce(m.contact_id, l.contact_id, m.new_id)"
_SOURCES = f"""
INSERT INTO contact_source (fmo_id, business_id, id, contact_id, member_id, carried, mbi, mbi_hash, carrier, as_of,
                            rung)
SELECT :fmo, :business, {fresh()}, {_CONTACT}, m.member_id, m.carried, m.mbi, m.mbi_hash, m.carrier, m.as_of,
       CASE WHEN m.contact_id IS NOT NULL THEN 'linked' ELSE coalesce(l.rung, 'new') END
FROM sync_member m LEFT JOIN sync_link l ON l.member_id = m.member_id WHERE m.source_id IS NULL
"""

_CHANGED_SOURCES = """
UPDATE contact_source s
SET carried = m.carried, mbi = m.mbi, mbi_hash = m.mbi_hash, carrier = m.carrier, as_of = m.as_of
FROM sync_member m WHERE s.fmo_id = :fmo AND s.business_id = :business AND s.id = m.source_id
"""

# Nobody has a key of a contact that is being made. In the order of the index, which is then written page by page.
_PLAIN_KEYS = f"""
INSERT INTO contact_key (fmo_id, business_id, id, contact_id, kind, value)
SELECT :fmo, :business, {fresh()}, m.new_id, k.kind, k.value
FROM sync_key k JOIN sync_member m ON m.member_id = k.member_id
WHERE m.contact_id IS NULL AND NOT EXISTS (SELECT 1 FROM sync_link l WHERE l.member_id = m.member_id)
ORDER BY k.kind, k.value COLLATE "C"
"""
_OTHER_KEYS = """
INSERT INTO contact_key (fmo_id, business_id, id, contact_id, kind, value)
SELECT DISTINCT ON (d.contact_id, k.kind, k.value) :fmo, :business, uuidv7(), d.contact_id, k.kind, k.value
FROM sync_key k JOIN sync_do d ON d.member_id = k.member_id WHERE NOT d.plain
ON CONFLICT (business_id, kind, value, contact_id) DO NOTHING
"""

# A new contact of one member has its values already; every other contact that was touched takes them from its sources.
_TOUCHED = f"""
SELECT DISTINCT {_CONTACT} FROM sync_member m LEFT JOIN sync_link l ON l.member_id = m.member_id
WHERE m.contact_id IS NOT NULL OR l.member_id IS NOT NULL
"""

_SHOW = """
UPDATE contact c SET hidden = false, updated_at = now()
FROM (SELECT DISTINCT contact_id FROM sync_do WHERE NOT same AND NOT plain) t
WHERE c.fmo_id = :fmo AND c.business_id = :business AND c.id = t.contact_id AND c.hidden
"""


def write(fmo_id: UUID, business_id: UUID, counts: dict[str, int]) -> None:
    """Write contacts, sources, keys, and the carrier values of every contact that a source touches; show who is back.

    `counts`, as `steps.make` gave them, tell which of it there is.
    """
    known: dict[str, Any] = {"fmo": fmo_id, "business": business_id}
    others = counts["new_sources"] + counts["changed_sources"] - counts["plain"]
    statements = [
        (_PLAIN, counts["plain"]),
        (_JOINED, counts["joined"]),
        (_SOURCES, counts["new_sources"]),
        (_CHANGED_SOURCES, counts["changed_sources"]),
        (_PLAIN_KEYS, counts["plain"]),
        (_OTHER_KEYS, counts["known"]),
    ]
    for statement, rows in statements:
        if rows:
            db.session.execute(text(statement), {**known, **(seed() if ":seed" in statement else {})})
    if others:
        touched = list(db.session.execute(text(_TOUCHED)).scalars())
        carry(fmo_id, [business_id] * len(touched), touched, unless=SAME_VALUES)
    if counts["known"]:
        db.session.execute(text(_SHOW), known)
