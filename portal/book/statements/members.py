"""Members from the rows that changed: the newest file's values win, and a blank never overwrites a value."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from portal.book.statements.counted import count_anew
from portal.book.statements.run_sql import run
from portal.book.statements.told import MEMBER_FIELDS, keeping

_NEWEST_ROW = "ORDER BY r.received_date DESC NULLS LAST, r.effective_date DESC, r.content_hash"
_FIELDS = (
    "first_name", "middle_name", "last_name", "suffix", "birth_date", "gender", "mbi_hash", "email", "phone",
    "address1", "city", "state", "zip", "county",
)  # fmt: skip


def _picked() -> str:
    one = [f"(array_agg(r.{f} {_NEWEST_ROW}) FILTER (WHERE r.{f} IS NOT NULL))[1] AS {f}" for f in _FIELDS]
    # The second line belongs to its first: never a new street with an old flat.
    one.append(f"(array_agg(r.address2 {_NEWEST_ROW}) FILTER (WHERE r.address1 IS NOT NULL))[1] AS address2")
    one.append(f"(array_agg(r.mbi {_NEWEST_ROW}) FILTER (WHERE r.mbi_hash IS NOT NULL))[1] AS mbi")
    one.append(f"(array_agg(p.last_key || ' ' || p.first_key {_NEWEST_ROW}))[1] AS sort_key")
    return ", ".join(one)


_VALUES = f"""
CREATE TEMP TABLE feed_member ON COMMIT DROP AS
SELECT v.*, m.id IS NULL AS is_new,
       m.id IS NULL OR (m.as_of, m.carrier) <= (CAST(:as_of AS date), CAST(:carrier AS text)) AS newer
FROM (SELECT p.member_id, {_picked()} FROM feed_person p JOIN feed_row r USING (n) GROUP BY p.member_id) v
LEFT JOIN member m ON m.fmo_id = :fmo AND m.id = v.member_id
"""
_COLUMNS = (*_FIELDS, "address2", "sort_key")
_INSERT = f"""
INSERT INTO member (fmo_id, id, {", ".join(_COLUMNS)}, mbi, carrier, as_of, batch, revision)
SELECT :fmo, v.member_id, {", ".join(f"v.{c}" for c in _COLUMNS)}, v.mbi, :carrier, :as_of, :batch, :batch
FROM feed_member v WHERE v.is_new
"""


def _merged(column: str) -> str:
    if column == "address2":
        return "CASE WHEN v.newer AND v.address1 IS NOT NULL THEN v.address2 ELSE coalesce(m.address2, v.address2) END"
    return f"CASE WHEN v.newer THEN coalesce(v.{column}, m.{column}) ELSE coalesce(m.{column}, v.{column}) END"


def _names(before: str) -> str:
    return ", ".join(before + column for column in (*_COLUMNS, "carrier", "as_of"))


_AFTER = f"""
SELECT v.member_id, v.mbi, {", ".join(f"{_merged(c)} AS {c}" for c in _COLUMNS)},
       CASE WHEN v.newer THEN CAST(:carrier AS text) ELSE m.carrier END AS carrier,
       CASE WHEN v.newer THEN CAST(:as_of AS date) ELSE m.as_of END AS as_of
FROM feed_member v JOIN member m ON m.fmo_id = :fmo AND m.id = v.member_id WHERE NOT v.is_new
"""
_UPDATE = f"""
UPDATE member m SET ({_names("")}) = ROW({_names("a.")}),
       mbi = CASE WHEN a.mbi_hash IS DISTINCT FROM m.mbi_hash THEN a.mbi ELSE m.mbi END, batch = :batch,
       revision = :batch, updated_at = now()
FROM ({_AFTER}) a
WHERE m.fmo_id = :fmo AND m.id = a.member_id
  AND ({_names("m.")}) IS DISTINCT FROM ({_names("a.")})
"""
_CHANGE = keeping(_UPDATE, "member", "id", MEMBER_FIELDS)
_KEYS = """
INSERT INTO member_key (fmo_id, id, member_id, kind, value, batch)
SELECT :fmo, uuidv7(), k.member_id, k.kind, k.value, :batch
FROM (SELECT DISTINCT p.member_id, k.kind, k.value
      FROM feed_person p, LATERAL (VALUES ('mbi', p.mbi), ('number', p.number), ('person', p.person)) k (kind, value)
      WHERE k.value IS NOT NULL) k
WHERE NOT EXISTS (SELECT 1 FROM member_key h WHERE h.fmo_id = :fmo AND h.kind = k.kind AND h.value = k.value
                  AND h.member_id = k.member_id)
"""


def merge(fmo_id: UUID, carrier: str, as_of: date, *, batch: int, run_id: UUID) -> None:
    """Insert and update members and their keys."""
    values = {"fmo": fmo_id, "carrier": carrier, "as_of": as_of}
    run(_VALUES, **values)
    run("ANALYZE feed_member")
    written = run(_INSERT, batch=batch, **values).rowcount
    count_anew("member", written)
    run(_CHANGE, batch=batch, run=run_id, **values)
    run(_KEYS, fmo=fmo_id, batch=batch)
