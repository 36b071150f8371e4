"""Looking for possible duplicates in a whole account, and keeping the queue what it should be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from portal.core import access, scope
from portal.core.outbox import send_after_commit
from portal.crm.duplicates.alike import Likeness, Who, find
from portal.crm.duplicates.events import DUPLICATES_SOUGHT
from portal.extensions import db

MOST = 10_000  # pairs that a person may be asked about; the strongest
TELLING = frozenset(
    ("first_name", "last_name", "suffix", "birth_date", "gender", "email", "phone", "zip", "address1")
)  # the fields by which people are told apart
LADDER = 100  # the strength of the ladder's own doubts, which only a person ends

_PEOPLE = """
SELECT id, first_name, last_name, suffix, birth_date, gender, coalesce(mbi_hash, typed_mbi_hash), email, phone, zip,
       address1
FROM contact WHERE fmo_id = :fmo AND business_id = :business AND NOT hidden AND removed_at IS NULL
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
# A run and an upload say "the same name and birth date" too; what they said is told here as well, and ends here.
_NOT_LADDER = f"(d.strength < {LADDER} OR d.reason = 'The same name and birth date')"
_GONE = f"""
DELETE FROM possible_duplicate d
WHERE d.fmo_id = :fmo AND d.business_id = :business AND d.decided_at IS NULL AND {_NOT_LADDER}
  AND NOT EXISTS (SELECT 1 FROM ({_PAIRS}) f WHERE f.one = d.contact_id AND f.other = d.other_id)
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


@dataclass(frozen=True, slots=True)
class Sought:
    """What a look at the account gave: pairs that hold now, how many of them are new, how many hold no more."""

    pairs: int
    new: int
    gone: int


def look_again(business_id: UUID) -> None:
    """Have the account looked through after this transaction: a contact came, or says something else."""
    send_after_commit("find_duplicates", business_id)


def find_duplicates(business_id: UUID) -> Sought:
    """Bring the account's queue up to date: new pairs come, open ones that no longer hold go, decided ones stay so.

    May be called any number of times. The ladder's own doubts stay until a person decides.
    """
    known = {"fmo": scope.fmo_id(), "business": business_id}
    people = [Who(*row) for row in db.session.execute(text(_PEOPLE), known)]
    decided = {frozenset(row) for row in db.session.execute(text(_DECIDED), known)}
    pairs = [pair for pair in find(people) if frozenset((pair.one, pair.other)) not in decided][:MOST]
    rows = {**known, **_columns(pairs)}
    gone = len(db.session.execute(text(f"{_GONE} RETURNING d.id"), rows).all())
    new = sum(row.fresh for row in db.session.execute(text(_FOUND), rows))
    if new or gone:
        access.record(DUPLICATES_SOUGHT, kind="business", ids=[business_id], pairs=len(pairs), new=new, gone=gone)
    return Sought(len(pairs), new, gone)


def _columns(pairs: Sequence[Likeness]) -> dict[str, list[object]]:
    return {
        "ones": [pair.one for pair in pairs],
        "others": [pair.other for pair in pairs],
        "reasons": [pair.reason for pair in pairs],
        "strengths": [pair.strength for pair in pairs],
    }
