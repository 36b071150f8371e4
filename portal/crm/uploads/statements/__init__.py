"""Set-based SQL of uploads, under the agent's own login: whom rows may mean, and writing what they say."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text

from portal.connectors.ladder import name_key, name_key_sql
from portal.core import scope
from portal.crm.models import TYPED_FIELDS
from portal.crm.uploads.known import Known
from portal.extensions import db

_SHOWN = ", ".join("c." + name for name in TYPED_FIELDS)
_COLUMNS = (
    f"c.id, {_SHOWN}, coalesce(c.mbi_hash, c.typed_mbi_hash) AS hash, c.removed_at, c.agent_owned,"
    " c.brought || c.typed AS told, c.typed_mbi_hash AS typed_hash"
)
# sort_key is last name, blank, first name, each as the ladder compares it.
PERSON = (
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
         OR {PERSON} IN (SELECT value FROM k WHERE kind = 'person'))
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
_NEAR = f"""
SELECT {_COLUMNS}, NULL AS keys FROM contact c
WHERE c.fmo_id = :fmo AND c.business_id = :business AND NOT c.hidden
  AND (c.birth_date = ANY(CAST(:births AS date[])) OR c.phone = ANY(:phones) OR lower(c.email) = ANY(:emails)
       OR c.zip || '|' || {name_key_sql("c.address1")} = ANY(:homes))
"""

_CREATE = """
INSERT INTO contact (fmo_id, business_id, id, typed, typed_mbi, typed_mbi_hash, agent_owned, made_by)
SELECT fmo_id, business_id, contact_id, values, mbi, mbi_hash, true, :actor FROM upload_row
WHERE fmo_id = :fmo AND business_id = :business AND upload_id = :upload AND outcome IN ('create', 'duplicate')
  AND NOT written
"""
# What the rows of one contact add to it, and what they say again: no two of them say the same field.
TOLD = """(SELECT 'fill' AS part, key, value FROM jsonb_each(r.fill)
           UNION ALL SELECT 'replaces', key, value FROM jsonb_each(r.replaces)
           UNION ALL SELECT 'was', key, value FROM jsonb_each(r.was)
           UNION ALL SELECT 'fresh', key, value FROM jsonb_each(r.fresh)
           UNION ALL SELECT 'lends', key, value FROM jsonb_each(r.lends)) e"""
GAINED = {
    part: f"coalesce(jsonb_object_agg(e.key, e.value) FILTER (WHERE e.part = '{part}'), '{{}}')"
    for part in ("fill", "lends", "replaces", "was", "fresh")
}
# Before values are replaced: what agents had said there, and where the carrier's word was not put aside yet.
_REMEMBER = """
UPDATE upload_row r SET was = v.was, fresh = v.fresh
FROM (
  SELECT m.id,
    coalesce((SELECT jsonb_object_agg(e.key, c.typed -> e.key) FROM jsonb_each(m.replaces) e
              WHERE jsonb_exists(c.typed, e.key)), '{}') AS was,
    coalesce((SELECT jsonb_object_agg(e.key, true) FROM jsonb_each(m.replaces) e
              WHERE jsonb_exists(c.carried, e.key)
                AND c.carried ->> e.key IS DISTINCT FROM c.dismissed ->> e.key), '{}') AS fresh
  FROM upload_row m
  JOIN contact c ON c.fmo_id = :fmo AND c.business_id = :business AND c.id = m.contact_id
  WHERE m.fmo_id = :fmo AND m.business_id = :business AND m.upload_id = :upload AND m.outcome = 'match'
    AND NOT m.written AND m.replaces <> '{}'
  FOR UPDATE OF c
) v
WHERE r.fmo_id = :fmo AND r.business_id = :business AND r.id = v.id
"""
_FILL = f"""
UPDATE contact c
SET typed = c.typed || f.fill || f.replaces, brought = c.brought || f.lends,
    dismissed = c.dismissed || coalesce((
      SELECT jsonb_object_agg(e.key, c.carried -> e.key) FROM jsonb_each(f.replaces) e
      WHERE jsonb_exists(c.carried, e.key)), '{{}}'),
    typed_mbi = coalesce(c.typed_mbi, f.mbi),
    typed_mbi_hash = coalesce(c.typed_mbi_hash, f.mbi_hash), agent_owned = true, updated_at = now()
FROM (
  SELECT r.contact_id, {GAINED["fill"]} AS fill, {GAINED["lends"]} AS lends, {GAINED["replaces"]} AS replaces,
         min(r.mbi) FILTER (WHERE r.fills_mbi OR r.lends_mbi) AS mbi,
         min(r.mbi_hash) FILTER (WHERE r.fills_mbi OR r.lends_mbi) AS mbi_hash
  FROM upload_row r LEFT JOIN LATERAL {TOLD} ON true
  WHERE r.fmo_id = :fmo AND r.business_id = :business AND r.upload_id = :upload AND r.outcome = 'match'
    AND NOT r.written
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
INSERT INTO possible_duplicate (fmo_id, business_id, id, contact_id, other_id, reason, strength)
SELECT DISTINCT ON (least(d.one, d.other), greatest(d.one, d.other))
       :fmo, :business, uuidv7(), least(d.one, d.other), greatest(d.one, d.other), d.reason,
       d.strength
FROM (SELECT r.contact_id AS one, CAST(e->>0 AS uuid) AS other, e->>1 AS reason, CAST(e->>2 AS smallint) AS strength
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


DECIDED = (
    "outcome", "reason", "choice", "contact_id", "same_as", "rung", "candidates", "doubts", "fill", "fills_mbi",
    "replaces", "lends", "lends_mbi", "was_owned",
)  # fmt: skip
_READ = ("business_id", "fmo_id", "id", "upload_id", "number", "problems", "values", "mbi", "mbi_hash", "keys", "note")
_ROWS = "jsonb_populate_recordset(NULL::upload_row, CAST(:rows AS jsonb))"
_KEEP = f"INSERT INTO upload_row ({', '.join((*_READ, *DECIDED))}) SELECT {', '.join((*_READ, *DECIDED))} FROM {_ROWS}"
_DECIDE = f"""
UPDATE upload_row r SET {", ".join(f"{name} = n.{name}" for name in DECIDED)} FROM {_ROWS} n
WHERE r.fmo_id = :fmo AND r.business_id = :business AND r.upload_id = :upload AND r.id = n.id
"""
_CLEAR = "DELETE FROM upload_row WHERE fmo_id = :fmo AND business_id = :business AND upload_id = :upload"


def of_upload(upload_id: UUID | None = None) -> dict[str, Any]:
    """What every statement of an upload is bound to."""
    at_work = scope.current()
    tenant = {"fmo": scope.fmo_id(), "business": scope.business_id()}
    return {**tenant, "upload": upload_id, "actor": at_work.actor_id, "name": at_work.actor_name}


def keep_rows(upload_id: UUID, rows: list[dict[str, Any]]) -> None:
    """Put these rows (by the table's columns) in the place of all that the upload had."""
    known = of_upload(upload_id)
    db.session.execute(text(_CLEAR), known)
    db.session.execute(text(_KEEP), {"rows": json.dumps(rows, default=str)})


def keep_decisions(upload_id: UUID, rows: list[dict[str, Any]]) -> None:
    """Write what is decided of rows anew: `id` and the columns of DECIDED."""
    db.session.execute(text(_DECIDE), {**of_upload(upload_id), "rows": json.dumps(rows, default=str)})


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


def near(said: Iterable[Mapping[str, str]]) -> list[Known]:
    """The contacts that the actor may see, removed ones too, which share a birth date, phone, e-mail or address."""
    told = list(said)
    return _people(
        _NEAR,
        births=sorted({one["birth_date"] for one in told if one.get("birth_date")}),
        phones=sorted({one["phone"] for one in told if one.get("phone")}),
        emails=sorted({one["email"].lower() for one in told if one.get("email")}),
        homes=sorted({f"{z}|{name_key(a)}" for one in told if (z := one.get("zip")) and (a := one.get("address1"))}),
    )


def _people(query: str, **given: Any) -> list[Known]:
    found = []
    for row in db.session.execute(text(query), {**of_upload(), **given}).mappings():
        shown = {name: row[name] for name in TYPED_FIELDS if row[name]}
        if shown.get("birth_date"):
            shown["birth_date"] = shown["birth_date"].isoformat()
        one = Known(row["id"], shown, row["hash"], row["removed_at"] is not None, row["agent_owned"])
        one.told, one.typed_hash = dict(row["told"]), row["typed_hash"]
        for key in row["keys"] or ():
            kind, _, value = key.partition("|")
            one.keys.setdefault(kind, set()).add(value)
        found.append(one)
    return found


def read_tables_once() -> None:
    """The planner knows nothing yet of the rows that were just written, and would loop over the account for each."""
    db.session.execute(text("SELECT set_config('enable_nestloop', 'off', true), set_config('jit', 'off', true)"))


def write(upload_id: UUID) -> Mapping[UUID, UUID | None]:
    """Do what the rows say: contacts, values, keys, notes, pairs to look at. Gives filled contact → its member."""
    known = of_upload(upload_id)
    read_tables_once()
    db.session.execute(text(_CREATE), known)
    db.session.execute(text(_REMEMBER), known)
    filled = db.session.execute(text(_FILL), known).all()
    for statement in (_KEYS, _NOTES, _OWN_NOTED, _DOUBTS, _WRITTEN):
        db.session.execute(text(statement), known)
    return {row[0]: row[1] for row in filled}
