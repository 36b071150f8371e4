"""Taking an upload back as far as nothing was done with it since, and forgetting what old ones said."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text

from portal.crm.uploads.statements import GAINED, PERSON, TOLD, of_upload, read_tables_once
from portal.extensions import db

# Whoever writes on one of them at this moment is waited for, and seen: it is not taken from under their hands.
_HOLD = """
SELECT 1 FROM contact c WHERE c.fmo_id = :fmo AND c.business_id = :business AND c.id IN (
  SELECT r.contact_id FROM upload_row r WHERE r.fmo_id = :fmo AND r.business_id = :business AND r.upload_id = :upload
    AND r.written AND coalesce(CAST(:row AS uuid), r.id) = r.id)
ORDER BY c.id FOR UPDATE
"""
# Another file, which is not taken back, names the contact too: what it would have brought was there already.
_NAMED = """EXISTS (
      SELECT 1 FROM upload_row o JOIN upload x ON x.fmo_id = :fmo AND x.business_id = :business AND x.id = o.upload_id
      WHERE o.fmo_id = :fmo AND o.business_id = :business AND o.contact_id = {contact} AND o.upload_id <> :upload
        AND o.written AND o.undone IS NULL AND x.state = 'applied'{since})"""
_SINCE = """ AND (o.was_owned AND NOT r.was_owned OR x.applied_at > (
          SELECT u.applied_at FROM upload u WHERE u.fmo_id = :fmo AND u.business_id = :business AND u.id = :upload))"""
# Since the upload: more typed, noted, or a carrier's member behind it, be it for a time, as a released copy still names
# the contact. Such a contact stays.
_MARK_MADE = f"""
WITH f AS MATERIALIZED (
  SELECT o.contact_id, jsonb_object_agg(e.key, e.value) AS fill FROM upload_row o, LATERAL jsonb_each(o.fill) e
  WHERE o.fmo_id = :fmo AND o.business_id = :business AND o.upload_id = :upload AND o.outcome = 'match' AND o.written
  GROUP BY o.contact_id
)
UPDATE upload_row r SET undone = v.why
FROM (
  SELECT m.id, CASE
    WHEN c.id IS NULL THEN 'gone'
    WHEN c.member_id IS NOT NULL OR c.made_by IS NULL OR EXISTS (
      SELECT 1 FROM contact_source s WHERE s.fmo_id = :fmo AND s.business_id = :business AND s.contact_id = c.id)
      OR EXISTS (
      SELECT 1 FROM crm_policy p WHERE p.fmo_id = :fmo AND p.business_id = :business AND p.contact_id = c.id
        AND p.released_at IS NULL)
      THEN 'linked'
    WHEN EXISTS (SELECT 1 FROM crm_policy p WHERE p.fmo_id = :fmo AND p.business_id = :business
                 AND p.contact_id = c.id) THEN 'left'
    WHEN EXISTS (SELECT 1 FROM contact_merge g WHERE g.fmo_id = :fmo AND g.business_id = :business
                 AND c.id IN (g.kept_id, g.merged_id)) THEN 'merged'
    WHEN EXISTS (SELECT 1 FROM note n WHERE n.fmo_id = :fmo AND n.business_id = :business AND n.contact_id = c.id
                 AND n.upload_id IS DISTINCT FROM :upload) THEN 'noted'
    WHEN c.typed <> m.values || coalesce(f.fill, '{{}}') THEN 'edited'
    WHEN {_NAMED.format(contact="c.id", since="")} THEN 'named'
    ELSE 'remove' END AS why
  FROM upload_row m
  LEFT JOIN contact c ON c.fmo_id = :fmo AND c.business_id = :business AND c.id = m.contact_id
  LEFT JOIN f ON f.contact_id = m.contact_id
  WHERE m.fmo_id = :fmo AND m.business_id = :business AND m.upload_id = :upload AND m.written
    AND m.outcome IN ('create', 'duplicate') AND coalesce(CAST(:row AS uuid), m.id) = m.id
) v
WHERE r.fmo_id = :fmo AND r.business_id = :business AND r.id = v.id
"""
# A contact that was the carriers' and lost its last policy since would lose its name with what was filled in. One into
# which another went since would lose what was not lent to it then, because the file had said it already.
_MARK_FILLED = f"""
UPDATE upload_row r SET undone = CASE WHEN EXISTS (
    SELECT 1 FROM contact c WHERE c.fmo_id = :fmo AND c.business_id = :business AND c.id = r.contact_id AND c.hidden)
    OR EXISTS (
    SELECT 1 FROM contact_merge g JOIN upload u ON u.fmo_id = :fmo AND u.business_id = :business AND u.id = :upload
    WHERE g.fmo_id = :fmo AND g.business_id = :business AND g.kept_id = r.contact_id AND g.undone_at IS NULL
      AND g.at > u.applied_at)
  THEN 'merged'
  WHEN {_NAMED.format(contact="r.contact_id", since=_SINCE)} THEN 'named' WHEN NOT r.was_owned AND NOT EXISTS (
    SELECT 1 FROM crm_policy p WHERE p.fmo_id = :fmo AND p.business_id = :business AND p.contact_id = r.contact_id
      AND p.released_at IS NULL)
  THEN 'left' ELSE 'blank' END
WHERE r.fmo_id = :fmo AND r.business_id = :business AND r.upload_id = :upload AND r.written AND r.outcome = 'match'
  AND coalesce(CAST(:row AS uuid), r.id) = r.id AND r.same_as IS NULL
  AND r.contact_id IN (SELECT c.id FROM contact c WHERE c.business_id = :business)
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
_CHANGED = f"""
SELECT DISTINCT contact_id FROM upload_row
WHERE {_MINE} AND upload_id = :upload AND undone IN ('remove', 'blank') AND contact_id IS NOT NULL
"""
_BLANK = f"""
UPDATE contact c
SET typed = t.typed, brought = b.brought, dismissed = c.dismissed - d.names, updated_at = now(),
    typed_mbi = CASE WHEN f.mbi_hash = c.typed_mbi_hash THEN NULL ELSE c.typed_mbi END,
    typed_mbi_hash = nullif(c.typed_mbi_hash, f.mbi_hash),
    agent_owned = f.was_owned OR t.typed <> '{{}}' OR b.brought <> '{{}}' OR EXISTS (
      SELECT 1 FROM note n WHERE n.fmo_id = :fmo AND n.business_id = :business AND n.contact_id = c.id)
FROM (
  SELECT r.contact_id, bool_or(r.was_owned) AS was_owned,
         min(r.mbi_hash) FILTER (WHERE r.fills_mbi OR r.lends_mbi) AS mbi_hash,
         {GAINED["fill"]} AS fill, {GAINED["lends"]} AS lends, {GAINED["replaces"]} AS replaces,
         {GAINED["was"]} AS was, {GAINED["fresh"]} AS fresh
  FROM upload_row r LEFT JOIN LATERAL {TOLD} ON true
  WHERE r.fmo_id = :fmo AND r.business_id = :business AND r.upload_id = :upload AND r.undone = 'blank'
  GROUP BY r.contact_id
) f, contact k,
LATERAL (SELECT coalesce(jsonb_object_agg(e.key, e.value), '{{}}') AS typed FROM (
           SELECT key, value FROM jsonb_each(k.typed) WHERE NOT f.fill || f.replaces @> jsonb_build_object(key, value)
           UNION ALL SELECT key, value FROM jsonb_each(f.was) WHERE k.typed -> key = f.replaces -> key) e) t,
LATERAL (SELECT ARRAY(SELECT key FROM jsonb_each(f.fresh) WHERE k.typed -> key = f.replaces -> key) AS names) d,
LATERAL (SELECT coalesce(jsonb_object_agg(e.key, e.value), '{{}}') AS brought FROM jsonb_each(k.brought) e
         WHERE NOT f.lends @> jsonb_build_object(e.key, e.value)) b
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
    WHEN 'person' THEN h.value IS DISTINCT FROM {PERSON}
    ELSE NOT EXISTS (SELECT 1 FROM crm_policy p WHERE p.fmo_id = :fmo AND p.business_id = :business
                     AND p.contact_id = c.id AND p.released_at IS NULL
                       AND p.carrier || '|' || p.member_number = h.value) END
"""
_UNDONE = f"""
SELECT count(*) FILTER (WHERE undone = 'remove') AS removed,
       count(DISTINCT contact_id) FILTER (
         WHERE undone = 'blank' AND (fill <> '{{}}' OR replaces <> '{{}}' OR fills_mbi)) AS blanked,
       count(*) FILTER (WHERE undone IN ('linked', 'noted', 'edited', 'left', 'merged', 'named')) AS kept
FROM upload_row WHERE {_MINE} AND upload_id = :upload
"""


def take_back(upload_id: UUID, row_id: UUID | None = None) -> tuple[dict[str, int], list[UUID]]:
    """Undo what the written rows did, or one of them that shares its contact with no other, where nothing came since.

    Gives the counts removed, blanked and kept, and the contacts that were removed or blanked.
    """
    known = {**of_upload(upload_id), "row": row_id}
    read_tables_once()
    marking, dropping = (_HOLD, _MARK_MADE, _MARK_FILLED), (_DROP_NOTES, _DROP_PAIRS, _DROP_KEYS, _DROP)
    for statement in (*marking, *dropping, _BLANK, _STALE_KEYS):
        db.session.execute(text(statement), known)
    row = db.session.execute(text(_UNDONE), known).mappings().one()
    changed = db.session.execute(text(_CHANGED), known).scalars()
    return {name: int(value) for name, value in row.items()}, sorted(changed)


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
