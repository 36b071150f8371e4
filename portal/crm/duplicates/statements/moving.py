"""Set-based SQL of merging, undoing and restoring, under the agent's own login. Only ids are read, nothing is shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from portal.connectors.ladder import person_key_of_sql, person_key_sql
from portal.core import scope
from portal.extensions import db

_SIGHT = "SELECT set_config('portal.merging', :merging, true)"
_MINE = "fmo_id = :fmo AND business_id = :business"
MOVED = ("members", "keys", "shared_keys", "kept_keys", "notes", "passed_on")
_BEFORE = f"""
SELECT
  (SELECT array_agg(DISTINCT member_id) FROM (
     SELECT member_id FROM contact_source WHERE {_MINE} AND contact_id = :merged
     UNION SELECT member_id FROM crm_policy WHERE {_MINE} AND contact_id = :merged) m) AS members,
  (SELECT array_agg(id) FROM contact_key WHERE {_MINE} AND contact_id = :merged) AS keys,
  (SELECT array_agg(k.id) FROM contact_key k WHERE k.fmo_id = :fmo AND k.business_id = :business
     AND k.contact_id = :kept AND EXISTS (
       SELECT 1 FROM contact_key o WHERE o.fmo_id = :fmo AND o.business_id = :business AND o.contact_id = :merged
         AND o.kind = k.kind AND o.value = k.value)) AS shared_keys,
  (SELECT array_agg(id) FROM contact_key WHERE {_MINE} AND contact_id = :kept) AS kept_keys,
  (SELECT array_agg(id) FROM note WHERE {_MINE} AND contact_id = :merged) AS notes,
  (SELECT array_agg(id) FROM contact WHERE {_MINE} AND merged_into = :merged) AS passed_on,
  (SELECT count(*) FROM crm_policy WHERE {_MINE} AND contact_id = :merged AND released_at IS NULL) AS policies
"""
_MOVE = (
    f"""DELETE FROM contact_key k WHERE {_MINE} AND contact_id = :merged AND EXISTS (
          SELECT 1 FROM contact_key o WHERE o.fmo_id = :fmo AND o.business_id = :business AND o.contact_id = :kept
            AND o.kind = k.kind AND o.value = k.value)""",
    f"UPDATE contact_source SET contact_id = :kept WHERE {_MINE} AND contact_id = :merged",
    f"UPDATE contact_key SET contact_id = :kept WHERE {_MINE} AND contact_id = :merged",
    f"UPDATE crm_policy SET contact_id = :kept, updated_at = now() WHERE {_MINE} AND contact_id = :merged",
    f"UPDATE note SET contact_id = :kept WHERE {_MINE} AND contact_id = :merged",
    f"UPDATE contact SET merged_into = :kept WHERE {_MINE} AND merged_into = :merged",
    f"UPDATE contact SET hidden = true, merged_into = :kept, updated_at = now() WHERE {_MINE} AND id = :merged",
)
# Who is known by what the merged one shows, of which no key is kept, is the kept one from now on. What agents told of
# it is marked by the merge, for it outlives the carriers' values.
_LEND_KEYS = f"""
INSERT INTO contact_key (fmo_id, business_id, id, contact_id, kind, value, upload_id)
SELECT DISTINCT ON (v.kind, v.value) :fmo, :business, uuidv7(), CAST(:kept AS uuid), v.kind, v.value, v.merge
FROM contact c, LATERAL (VALUES
  ('person', {person_key_of_sql("(c.brought || c.typed)")}, CAST(:merge AS uuid)), ('mbi', c.typed_mbi_hash, :merge),
  ('person', {person_key_sql("c.first_name", "c.last_name", "c.birth_date", "c.zip")}, NULL), ('mbi', c.mbi_hash, NULL)
) AS v (kind, value, merge)
WHERE c.fmo_id = :fmo AND c.business_id = :business AND c.id = :merged AND v.value IS NOT NULL
ORDER BY v.kind, v.value, v.merge
ON CONFLICT (business_id, kind, value, contact_id) DO NOTHING
"""
# By member: what a release took in between is gone, and what came for a member of theirs goes back with the member.
_MOVE_BACK = (
    f"UPDATE contact SET hidden = false, merged_into = NULL, updated_at = now() WHERE {_MINE} AND id = :merged",
    f"""UPDATE contact_source SET contact_id = :merged
        WHERE {_MINE} AND contact_id = :kept AND member_id = ANY(:members)""",
    f"""UPDATE crm_policy SET contact_id = :merged, updated_at = now()
        WHERE {_MINE} AND contact_id = :kept AND member_id = ANY(:members)""",
    f"UPDATE contact_key SET contact_id = :merged WHERE {_MINE} AND contact_id = :kept AND id = ANY(:keys)",
    f"""INSERT INTO contact_key (fmo_id, business_id, id, contact_id, kind, value, upload_id)
        SELECT fmo_id, business_id, uuidv7(), :merged, kind, value, upload_id FROM contact_key
        WHERE {_MINE} AND contact_id = :kept AND id = ANY(:shared_keys) ON CONFLICT DO NOTHING""",
    f"UPDATE note SET contact_id = :merged WHERE {_MINE} AND contact_id = :kept AND id = ANY(:notes)",
    f"UPDATE contact SET merged_into = :merged WHERE {_MINE} AND merged_into = :kept AND id = ANY(:passed_on)",
)
# Keys that carriers' values gave since the merge are told anew, to each contact by its own sources.
_DROP_NEWER_KEYS = f"""
DELETE FROM contact_key WHERE {_MINE} AND contact_id = :kept
  AND (upload_id IS NULL AND NOT id = ANY(:kept_keys) OR upload_id = :merge)
"""
_TELL_KEYS = f"""
INSERT INTO contact_key (fmo_id, business_id, id, contact_id, kind, value)
SELECT DISTINCT ON (k.contact_id, k.kind, k.value) :fmo, :business, uuidv7(), k.contact_id, k.kind, k.value
FROM (
  SELECT s.contact_id, v.kind, v.value
  FROM contact_source s,
    LATERAL (VALUES ('mbi', s.mbi_hash), ('person', {person_key_of_sql("s.carried")})) AS v (kind, value)
  WHERE s.fmo_id = :fmo AND s.business_id = :business AND s.contact_id IN (:kept, :merged)
  UNION ALL
  SELECT p.contact_id, 'number', p.carrier || '|' || nullif(p.member_number, '')
  FROM crm_policy p
  WHERE p.fmo_id = :fmo AND p.business_id = :business AND p.contact_id IN (:kept, :merged) AND p.released_at IS NULL
) k WHERE k.value IS NOT NULL
ON CONFLICT (business_id, kind, value, contact_id) DO NOTHING
"""
# As a release leaves it: without a policy only what is the agent's own is shown.
_HIDE = f"""
UPDATE contact c SET hidden = true
WHERE {_MINE} AND id IN (:kept, :merged) AND NOT agent_owned AND merged_into IS NULL AND NOT EXISTS (
  SELECT 1 FROM crm_policy p WHERE p.fmo_id = :fmo AND p.business_id = :business AND p.contact_id = c.id
    AND p.released_at IS NULL)
"""
# What an agent put aside is a carrier's value: without a carrier that tells any, nothing of it stays.
_FORGET_DISMISSED = f"""
UPDATE contact c SET dismissed = '{{}}'
WHERE {_MINE} AND id IN (:kept, :merged) AND dismissed <> '{{}}' AND NOT EXISTS (
  SELECT 1 FROM contact_source s WHERE s.fmo_id = :fmo AND s.business_id = :business AND s.contact_id = c.id)
"""
# Nor by what carriers alone had told, as a release leaves it: only by what a file brought and what was typed.
_FORGET_KEYS = f"""
DELETE FROM contact_key k USING contact c
WHERE k.fmo_id = :fmo AND k.business_id = :business AND k.contact_id IN (:kept, :merged) AND k.upload_id IS NULL
  AND c.fmo_id = :fmo AND c.business_id = :business AND c.id = k.contact_id AND c.agent_owned
  AND NOT EXISTS (SELECT 1 FROM contact_source s WHERE s.fmo_id = :fmo AND s.business_id = :business
                  AND s.contact_id = c.id)
  AND (k.kind = 'number' OR k.kind = 'mbi' AND k.value IS DISTINCT FROM c.typed_mbi_hash OR k.kind = 'person'
       AND k.value IS DISTINCT FROM {person_key_sql("c.first_name", "c.last_name", "c.birth_date", "c.zip")})
"""
_FORGET_REMOVED = f"""
UPDATE crm_policy SET removed_at = NULL, updated_at = now()
WHERE {_MINE} AND contact_id = :contact AND removed_at = :moment AND released_at IS NOT NULL
"""


def _known(**more: Any) -> dict[str, Any]:
    return {"fmo": scope.fmo_id(), "business": scope.business_id(), **more}


def see_merged(wanted: bool) -> None:
    """Let this transaction see merged contacts and released copies of the account, or no longer."""
    db.session.execute(text(_SIGHT), {"merging": "yes" if wanted else ""})


def before(kept: UUID, merged: UUID) -> tuple[dict[str, list[str]], int]:
    """What of `merged` is about to move, by MOVED as ids in text; and the number of its policies in the account."""
    row = db.session.execute(text(_BEFORE), _known(kept=kept, merged=merged)).mappings().one()
    return {name: sorted(str(one) for one in row[name] or ()) for name in MOVED}, int(row["policies"])


def move(kept: UUID, merged: UUID, merge: UUID) -> None:
    """Give everything that belongs to `merged` to `kept`, which is known by what `merged` shows, too; and hide it."""
    for statement in (*_MOVE, _LEND_KEYS):
        db.session.execute(text(statement), _known(kept=kept, merged=merged, merge=merge))


def move_back(kept: UUID, merged: UUID, merge: UUID, moved: dict[str, list[str]]) -> None:
    """Give `merged` what `moved` names and is still there, and tell the keys of both anew."""
    ids = {name: [UUID(one) for one in moved[name]] for name in MOVED}
    known = _known(kept=kept, merged=merged, merge=merge, **ids)
    for statement in (*_MOVE_BACK, _DROP_NEWER_KEYS, _FORGET_DISMISSED):
        db.session.execute(text(statement), known)
    tell_keys(kept, merged)


def tell_keys(one: UUID, other: UUID) -> None:
    """Let two contacts be recognised by what their sources and policies tell."""
    db.session.execute(text(_TELL_KEYS), _known(kept=one, merged=other))


def forget_keys(kept: UUID, merged: UUID) -> None:
    """Let an own contact without a source be known by nothing of the carriers; its carrier values must be told anew."""
    db.session.execute(text(_FORGET_KEYS), _known(kept=kept, merged=merged))


def hide_empty(kept: UUID, merged: UUID) -> None:
    """Hide whichever of the two has no policy left and is not the agent's own."""
    db.session.execute(text(_HIDE), _known(kept=kept, merged=merged))


def forget_removed(contact: UUID, moment: datetime) -> None:
    """Take the mark from released copies of a contact that were removed along with it, at that moment."""
    see_merged(True)
    db.session.execute(text(_FORGET_REMOVED), _known(contact=contact, moment=moment))
    see_merged(False)
