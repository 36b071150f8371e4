"""Set-based SQL of uploads, under the agent's own login: whom rows may mean; writing and taking back what they say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text

from portal.core import scope
from portal.crm.models import TYPED_FIELDS
from portal.crm.uploads.known import Known
from portal.extensions import db

# One at a time may add contacts to an account, a run of Policy Sync included: two could make the same person twice.
_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended('portal.contacts:' || CAST(:business AS text), 0))"

_SHOWN = ", ".join("c." + name for name in TYPED_FIELDS)
_COLUMNS = f"c.id, {_SHOWN}, coalesce(c.mbi_hash, c.typed_mbi_hash) AS hash, c.removed_at, c.agent_owned"
# sort_key is last name, blank, first name, each as the ladder compares it.
_PERSON = (
    "c.first_key || '|' || split_part(c.sort_key, ' ', 1) || '|' || to_char(c.birth_date, 'YYYY-MM-DD') || '|' || c.zip"
)
_HITS = f"""
WITH k AS MATERIALIZED (SELECT * FROM unnest(CAST(:kinds AS text[]), CAST(:values AS text[])) AS k (kind, value)),
hit AS (
  SELECT h.contact_id FROM contact_key h JOIN k ON k.kind = h.kind AND k.value = h.value
  WHERE h.fmo_id = :fmo AND h.business_id = :business
  UNION
  SELECT c.id FROM contact c WHERE c.fmo_id = :fmo AND c.business_id = :business AND NOT c.hidden
    AND (c.mbi_hash IN (SELECT value FROM k WHERE kind = 'mbi')
         OR c.typed_mbi_hash IN (SELECT value FROM k WHERE kind = 'mbi')
         OR {_PERSON} IN (SELECT value FROM k WHERE kind = 'person'))
)
SELECT {_COLUMNS},
       (SELECT array_agg(h.kind || '|' || h.value) FROM contact_key h
        WHERE h.fmo_id = :fmo AND h.business_id = :business AND h.contact_id = c.id) AS keys
FROM contact c WHERE c.fmo_id = :fmo AND c.business_id = :business AND NOT c.hidden
  AND c.id IN (SELECT contact_id FROM hit)
"""
_NAMED = f"""
SELECT {_COLUMNS}, NULL AS keys FROM contact c
WHERE c.fmo_id = :fmo AND c.business_id = :business AND NOT c.hidden
  AND split_part(c.sort_key, ' ', 1) IN (SELECT unnest(CAST(:names AS text[])))
"""

_CREATE = """
INSERT INTO contact (fmo_id, business_id, id, typed, typed_mbi, typed_mbi_hash, agent_owned, made_by)
SELECT fmo_id, business_id, contact_id, values, mbi, mbi_hash, true, :actor FROM upload_row
WHERE fmo_id = :fmo AND business_id = :business AND upload_id = :upload AND outcome IN ('create', 'duplicate')
  AND NOT written
"""
_FILL = """
UPDATE contact c
SET typed = c.typed || f.fill, typed_mbi = coalesce(c.typed_mbi, f.mbi),
    typed_mbi_hash = coalesce(c.typed_mbi_hash, f.mbi_hash), agent_owned = true, updated_at = now()
FROM (
  SELECT r.contact_id, coalesce(jsonb_object_agg(e.key, e.value) FILTER (WHERE e.key IS NOT NULL), '{}') AS fill,
         min(r.mbi) FILTER (WHERE r.fills_mbi) AS mbi, min(r.mbi_hash) FILTER (WHERE r.fills_mbi) AS mbi_hash
  FROM upload_row r LEFT JOIN LATERAL jsonb_each(r.fill) e ON true
  WHERE r.fmo_id = :fmo AND r.business_id = :business AND r.upload_id = :upload AND r.outcome = 'match'
    AND NOT r.written AND (r.fill <> '{}' OR r.fills_mbi)
  GROUP BY r.contact_id
) f
WHERE c.fmo_id = :fmo AND c.business_id = :business AND c.id = f.contact_id
RETURNING c.id, c.member_id
"""
_KEYS = """
INSERT INTO contact_key (fmo_id, business_id, id, contact_id, kind, value, upload_id)
SELECT DISTINCT ON (r.contact_id, k.key, k.value) r.fmo_id, r.business_id, uuidv7(), r.contact_id, k.key, k.value,
       :upload
FROM upload_row r, LATERAL jsonb_each_text(r.keys) k
WHERE r.fmo_id = :fmo AND r.business_id = :business AND r.upload_id = :upload
  AND r.outcome IN ('create', 'duplicate', 'match') AND NOT r.written
ON CONFLICT (business_id, kind, value, contact_id) DO NOTHING
"""
_NOTES = """
INSERT INTO note (fmo_id, business_id, id, contact_id, author_id, author_name, body, upload_id)
SELECT DISTINCT ON (r.contact_id, r.note) r.fmo_id, r.business_id, uuidv7(), r.contact_id, :actor, :name, r.note,
       :upload
FROM upload_row r
WHERE r.fmo_id = :fmo AND r.business_id = :business AND r.upload_id = :upload AND r.note IS NOT NULL
  AND r.outcome IN ('create', 'duplicate', 'match') AND NOT r.written
  AND NOT EXISTS (SELECT 1 FROM note n WHERE n.fmo_id = :fmo AND n.business_id = :business
                  AND n.contact_id = r.contact_id AND n.body = r.note)
"""
_OWN_NOTED = """
UPDATE contact c SET agent_owned = true, updated_at = now()
FROM note n
WHERE n.fmo_id = :fmo AND n.business_id = :business AND n.upload_id = :upload
  AND c.fmo_id = :fmo AND c.business_id = :business AND c.id = n.contact_id AND NOT c.agent_owned
"""
_DOUBTS = """
INSERT INTO possible_duplicate (fmo_id, business_id, id, contact_id, other_id, reason)
SELECT DISTINCT ON (least(d.one, d.other), greatest(d.one, d.other))
       :fmo, :business, uuidv7(), least(d.one, d.other), greatest(d.one, d.other), d.reason
FROM (SELECT r.contact_id AS one, CAST(e->>0 AS uuid) AS other, e->>1 AS reason
      FROM upload_row r, LATERAL jsonb_array_elements(r.doubts) e
      WHERE r.fmo_id = :fmo AND r.business_id = :business AND r.upload_id = :upload
        AND r.outcome IN ('create', 'duplicate', 'match') AND NOT r.written) d
ON CONFLICT DO NOTHING
"""


_WRITTEN = """
UPDATE upload_row SET written = true
WHERE fmo_id = :fmo AND business_id = :business AND upload_id = :upload
  AND outcome IN ('create', 'duplicate', 'match') AND NOT written
"""


def alone() -> None:
    """Wait for whoever else adds contacts to this account; nobody begins to until this transaction ends."""
    db.session.execute(text(_ALONE), {"business": str(scope.business_id())})


def _known(upload_id: UUID | None = None) -> dict[str, Any]:
    at_work = scope.current()
    tenant = {"fmo": scope.fmo_id(), "business": scope.business_id()}
    return {**tenant, "upload": upload_id, "actor": at_work.actor_id, "name": at_work.actor_name}


def sharing_keys(keys: Iterable[tuple[str, str]]) -> list[Known]:
    """The contacts that the actor may see, removed ones too, which have one of these (rung, value)."""
    wanted = sorted(set(keys))
    if not wanted:
        return []
    kinds, values = (list(column) for column in zip(*wanted, strict=True))
    return _people(_HITS, kinds=kinds, values=values)


def of_last_name(names: Iterable[str]) -> list[Known]:
    """The contacts that the actor may see, removed ones too, which have one of these last names, by their key."""
    wanted = sorted({name for name in names if name})
    return _people(_NAMED, names=wanted) if wanted else []


def _people(query: str, **given: Any) -> list[Known]:
    found = []
    for row in db.session.execute(text(query), {**_known(), **given}).mappings():
        shown = {name: row[name] for name in TYPED_FIELDS if row[name]}
        if shown.get("birth_date"):
            shown["birth_date"] = shown["birth_date"].isoformat()
        one = Known(row["id"], shown, row["hash"], row["removed_at"] is not None, row["agent_owned"])
        for key in row["keys"] or ():
            kind, _, value = key.partition("|")
            one.keys.setdefault(kind, set()).add(value)
        found.append(one)
    return found


def write(upload_id: UUID) -> Mapping[UUID, UUID | None]:
    """Do what the rows say: contacts, blanks, keys, notes, pairs to look at. Gives filled contact → its member."""
    known = _known(upload_id)
    db.session.execute(text(_CREATE), known)
    filled = db.session.execute(text(_FILL), known).all()
    for statement in (_KEYS, _NOTES, _OWN_NOTED, _DOUBTS, _WRITTEN):
        db.session.execute(text(statement), known)
    return {row[0]: row[1] for row in filled}


# Since the upload: more typed, noted, or a carrier's member behind it. Such a contact stays.
_MARK_MADE = """
UPDATE upload_row r SET undone = v.why
FROM (
  SELECT m.id, CASE
    WHEN c.id IS NULL THEN 'gone'
    WHEN c.member_id IS NOT NULL OR c.made_by IS NULL OR EXISTS (
      SELECT 1 FROM contact_source s WHERE s.fmo_id = :fmo AND s.business_id = :business AND s.contact_id = c.id)
      OR EXISTS (
      SELECT 1 FROM crm_policy p WHERE p.fmo_id = :fmo AND p.business_id = :business AND p.contact_id = c.id)
      THEN 'linked'
    WHEN EXISTS (SELECT 1 FROM contact_merge g WHERE g.fmo_id = :fmo AND g.business_id = :business
                 AND c.id IN (g.kept_id, g.merged_id)) THEN 'merged'
    WHEN EXISTS (SELECT 1 FROM note n WHERE n.fmo_id = :fmo AND n.business_id = :business AND n.contact_id = c.id
                 AND n.upload_id IS DISTINCT FROM :upload) THEN 'noted'
    WHEN c.typed <> m.values || coalesce(f.fill, '{}') THEN 'edited'
    ELSE 'remove' END AS why
  FROM upload_row m
  LEFT JOIN contact c ON c.fmo_id = :fmo AND c.business_id = :business AND c.id = m.contact_id
  LEFT JOIN LATERAL (
    SELECT jsonb_object_agg(e.key, e.value) AS fill FROM upload_row o, LATERAL jsonb_each(o.fill) e
    WHERE o.fmo_id = :fmo AND o.business_id = :business AND o.upload_id = :upload AND o.outcome = 'match'
      AND o.written AND o.contact_id = m.contact_id) f ON true
  WHERE m.fmo_id = :fmo AND m.business_id = :business AND m.upload_id = :upload AND m.written
    AND m.outcome IN ('create', 'duplicate')
) v
WHERE r.fmo_id = :fmo AND r.business_id = :business AND r.id = v.id
"""
# A contact that was the carriers' and lost its last policy since would lose its name with what was filled in.
_MARK_FILLED = """
UPDATE upload_row r SET undone = CASE WHEN EXISTS (
    SELECT 1 FROM contact c WHERE c.fmo_id = :fmo AND c.business_id = :business AND c.id = r.contact_id AND c.hidden)
  THEN 'merged' WHEN NOT r.was_owned AND NOT EXISTS (
    SELECT 1 FROM crm_policy p WHERE p.fmo_id = :fmo AND p.business_id = :business AND p.contact_id = r.contact_id)
  THEN 'left' ELSE 'blank' END
WHERE r.fmo_id = :fmo AND r.business_id = :business AND r.upload_id = :upload AND r.written AND r.outcome = 'match'
  AND r.same_as IS NULL AND r.contact_id IN (SELECT c.id FROM contact c WHERE c.business_id = :business)
"""
_GONE = """(SELECT contact_id FROM upload_row
            WHERE fmo_id = :fmo AND business_id = :business AND upload_id = :upload AND undone = 'remove')"""
_BLANKED = """(SELECT contact_id FROM upload_row
               WHERE fmo_id = :fmo AND business_id = :business AND upload_id = :upload AND undone = 'blank')"""
_MINE = "fmo_id = :fmo AND business_id = :business"
_DROP_NOTES = f"DELETE FROM note WHERE {_MINE} AND upload_id = :upload AND contact_id IN ({_GONE} UNION {_BLANKED})"
_DROP_PAIRS = f"DELETE FROM possible_duplicate WHERE {_MINE} AND (contact_id IN {_GONE} OR other_id IN {_GONE})"
_DROP_KEYS = f"DELETE FROM contact_key WHERE {_MINE} AND contact_id IN {_GONE}"
_DROP = f"DELETE FROM contact WHERE {_MINE} AND id IN {_GONE}"
_BLANK = """
UPDATE contact c
SET typed = t.typed, updated_at = now(),
    typed_mbi = CASE WHEN f.mbi_hash = c.typed_mbi_hash THEN NULL ELSE c.typed_mbi END,
    typed_mbi_hash = nullif(c.typed_mbi_hash, f.mbi_hash),
    agent_owned = f.was_owned OR t.typed <> '{}' OR EXISTS (
      SELECT 1 FROM note n WHERE n.fmo_id = :fmo AND n.business_id = :business AND n.contact_id = c.id)
FROM (
  SELECT r.contact_id, bool_or(r.was_owned) AS was_owned, min(r.mbi_hash) FILTER (WHERE r.fills_mbi) AS mbi_hash,
         coalesce(jsonb_object_agg(e.key, e.value) FILTER (WHERE e.key IS NOT NULL), '{}') AS fill
  FROM upload_row r LEFT JOIN LATERAL jsonb_each(r.fill) e ON true
  WHERE r.fmo_id = :fmo AND r.business_id = :business AND r.upload_id = :upload AND r.undone = 'blank'
  GROUP BY r.contact_id
) f, contact k,
LATERAL (SELECT coalesce(jsonb_object_agg(e.key, e.value), '{}') AS typed FROM jsonb_each(k.typed) e
         WHERE NOT f.fill @> jsonb_build_object(e.key, e.value)) t
WHERE c.fmo_id = :fmo AND c.business_id = :business AND c.id = f.contact_id
  AND k.fmo_id = :fmo AND k.business_id = :business AND k.id = c.id
"""
# A key that the upload brought stays only where the carriers say the same.
_STALE_KEYS = f"""
DELETE FROM contact_key h USING contact c
WHERE h.fmo_id = :fmo AND h.business_id = :business AND h.upload_id = :upload AND h.contact_id IN {_BLANKED}
  AND c.fmo_id = :fmo AND c.business_id = :business AND c.id = h.contact_id
  AND CASE h.kind
    WHEN 'mbi' THEN h.value IS DISTINCT FROM c.mbi_hash AND h.value IS DISTINCT FROM c.typed_mbi_hash
    WHEN 'person' THEN h.value IS DISTINCT FROM {_PERSON}
    ELSE NOT EXISTS (SELECT 1 FROM crm_policy p WHERE p.fmo_id = :fmo AND p.business_id = :business
                     AND p.contact_id = c.id AND p.carrier || '|' || p.member_number = h.value) END
"""
_UNDONE = f"""
SELECT count(*) FILTER (WHERE undone = 'remove') AS removed,
       count(DISTINCT contact_id) FILTER (WHERE undone = 'blank' AND (fill <> '{{}}' OR fills_mbi)) AS blanked,
       count(*) FILTER (WHERE undone IN ('linked', 'noted', 'edited', 'left', 'merged')) AS kept
FROM upload_row WHERE {_MINE} AND upload_id = :upload
"""


def take_back(upload_id: UUID) -> dict[str, int]:
    """Undo what the written rows did, as far as nothing was done with it since: removed, blanked, kept (counts)."""
    known = _known(upload_id)
    for statement in (_MARK_MADE, _MARK_FILLED, _DROP_NOTES, _DROP_PAIRS, _DROP_KEYS, _DROP, _BLANK, _STALE_KEYS):
        db.session.execute(text(statement), known)
    row = db.session.execute(text(_UNDONE), known).mappings().one()
    return {name: int(value) for name, value in row.items()}


_FORGET_ROWS = """
DELETE FROM upload_row r USING upload u
WHERE r.fmo_id = :fmo AND u.fmo_id = :fmo AND u.business_id = r.business_id AND u.id = r.upload_id
  AND u.updated_at < now() - make_interval(days => :days)
RETURNING r.id
"""
_FORGET_FILES = """
UPDATE upload SET body = NULL, forgotten_at = now()
WHERE fmo_id = :fmo AND forgotten_at IS NULL AND updated_at < now() - make_interval(days => :days)
"""


def forget(fmo_id: UUID, days: int) -> int:
    """Delete what uploads of the FMO's accounts said, `days` after they were last worked on: how many rows went."""
    known = {"fmo": fmo_id, "days": days}
    gone = len(db.session.execute(text(_FORGET_ROWS), known).all())
    db.session.execute(text(_FORGET_FILES), known)
    return gone
