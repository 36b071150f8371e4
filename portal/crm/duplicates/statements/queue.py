"""The queue of possible duplicates of one account: whom to compare, and which pairs stand in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from portal.connectors.ladder import person_key_of_sql, person_key_sql
from portal.core import scope
from portal.crm.duplicates.alike import Likeness, Who
from portal.extensions import db

LADDER = 100  # the strength of the ladder's own doubts, which only a person ends
_PEOPLE = """
SELECT id, first_name, last_name, suffix, birth_date, gender, coalesce(mbi_hash, typed_mbi_hash), email, phone, zip,
       address1
FROM contact WHERE fmo_id = :fmo AND business_id = :business AND NOT hidden AND removed_at IS NULL
"""
_SHOWN_PERSON = person_key_sql("c.first_name", "c.last_name", "c.birth_date", "c.zip")
# Of several people behind a contact some may have left it: what only they were known by goes. What an agent told, in a
# file, by a merge or as it is shown, stays.
_FORGET_KEYS = f"""
DELETE FROM contact_key k USING contact c
WHERE k.fmo_id = :fmo AND k.business_id = :business AND k.upload_id IS NULL
  AND c.fmo_id = :fmo AND c.business_id = :business AND c.id = k.contact_id AND NOT c.hidden
  AND EXISTS (SELECT 1 FROM crm_policy p WHERE p.fmo_id = :fmo AND p.business_id = :business AND p.contact_id = c.id
              AND p.released_at > now() - interval '2 days')
  AND NOT CASE k.kind
    WHEN 'number' THEN EXISTS (
      SELECT 1 FROM crm_policy p WHERE p.fmo_id = :fmo AND p.business_id = :business AND p.contact_id = c.id
        AND p.released_at IS NULL AND p.carrier || '|' || p.member_number = k.value)
    WHEN 'mbi' THEN k.value IS NOT DISTINCT FROM c.typed_mbi_hash OR EXISTS (
      SELECT 1 FROM contact_source s WHERE s.fmo_id = :fmo AND s.business_id = :business AND s.contact_id = c.id
        AND s.mbi_hash = k.value)
    ELSE k.value IS NOT DISTINCT FROM {_SHOWN_PERSON} OR EXISTS (
      SELECT 1 FROM contact_source s WHERE s.fmo_id = :fmo AND s.business_id = :business AND s.contact_id = c.id
        AND {person_key_of_sql("s.carried")} = k.value)
    END
"""
# What was said about a contact holds for the contact that it went into.
_DECIDED = """
SELECT coalesce(one.merged_into, one.id), coalesce(other.merged_into, other.id)
FROM possible_duplicate d
JOIN contact one ON one.fmo_id = :fmo AND one.business_id = :business AND one.id = d.contact_id
JOIN contact other ON other.fmo_id = :fmo AND other.business_id = :business AND other.id = d.other_id
WHERE d.fmo_id = :fmo AND d.business_id = :business AND d.decision = 'different'
"""
_PAIRS = """
SELECT * FROM unnest(CAST(:ones AS uuid[]), CAST(:others AS uuid[]), CAST(:reasons AS text[]),
                     CAST(:strengths AS smallint[])) AS f (one, other, reason, strength)
"""
_NOT_LADDER = f"d.strength < {LADDER}"
_GONE = f"""
DELETE FROM possible_duplicate d
WHERE d.fmo_id = :fmo AND d.business_id = :business AND d.decided_at IS NULL AND {_NOT_LADDER}
  AND NOT EXISTS (SELECT 1 FROM ({_PAIRS}) f WHERE f.one = d.contact_id AND f.other = d.other_id)
RETURNING d.id
"""
_FOUND = f"""
INSERT INTO possible_duplicate AS d (fmo_id, business_id, id, contact_id, other_id, reason, strength)
SELECT :fmo, :business, uuidv7(), f.one, f.other, f.reason, f.strength FROM ({_PAIRS}) f
JOIN contact one ON one.fmo_id = :fmo AND one.business_id = :business AND one.id = f.one AND NOT one.hidden
JOIN contact other ON other.fmo_id = :fmo AND other.business_id = :business AND other.id = f.other AND NOT other.hidden
ON CONFLICT (business_id, contact_id, other_id) DO UPDATE SET reason = excluded.reason, strength = excluded.strength
WHERE d.decided_at IS NULL AND {_NOT_LADDER} AND (d.reason, d.strength) <> (excluded.reason, excluded.strength)
RETURNING (xmax = 0) AS fresh
"""


def _known(business_id: UUID) -> dict[str, Any]:
    return {"fmo": scope.fmo_id(), "business": business_id}


def people(business_id: UUID) -> list[Who]:
    """Everybody whom the account shows."""
    return [Who(*row) for row in db.session.execute(text(_PEOPLE), _known(business_id))]


def forget_keys(business_id: UUID) -> None:
    """Recognise nobody by what only a member who left told."""
    db.session.execute(text(_FORGET_KEYS), _known(business_id))


def kept_apart(business_id: UUID) -> set[frozenset[UUID]]:
    """The pairs of contacts that a person found to be two people."""
    return {frozenset(row) for row in db.session.execute(text(_DECIDED), _known(business_id))}


def renew(business_id: UUID, pairs: Sequence[Likeness]) -> tuple[int, int]:
    """Let the undecided part of the queue be `pairs` and the ladder's doubts; (pairs that came, pairs that went)."""
    rows = {
        **_known(business_id),
        "ones": [pair.one for pair in pairs],
        "others": [pair.other for pair in pairs],
        "reasons": [pair.reason for pair in pairs],
        "strengths": [pair.strength for pair in pairs],
    }
    gone = len(db.session.execute(text(_GONE), rows).all())
    return sum(row.fresh for row in db.session.execute(text(_FOUND), rows)), gone
