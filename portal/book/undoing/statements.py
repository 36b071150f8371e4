"""Taking a run back, set-based. What it needs of the run: `:fmo`, `:run` and `:written`, its ingest number; `:later`,
the runs whose prints tell what later files of its carrier told; and of its carrier, whose crosswalk it asks:
`:carrier`, and as `:blocked` the identifiers that may attribute nothing.

A policy is free to be taken back while its row and its member's are still what this run wrote: every later change has
given them a higher revision, and one that was itself taken back has given them their old one again. A later file that
told the policy as it was has changed nothing, and only its prints say so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from portal.book.effect import Move
from portal.book.report.statements import whole
from portal.book.statements import writers
from portal.book.statements.prints import POLICIES
from portal.book.statements.run_sql import run
from portal.book.statements.told import MEMBER_FIELDS, POLICY_FIELDS
from portal.connectors.ladder import person_key_sql

_TYPES = {
    "effective_date": "date", "term_date": "date", "renewal_date": "date", "received_date": "date", "as_of": "date",
    "birth_date": "date", "premium": "numeric", "source_run_id": "uuid", "source_row": "integer",
    "revision": "bigint",
}  # fmt: skip
_THEN = "CASE WHEN e.told ? '{0}' THEN e.told #>> '{{{0},0}}' ELSE p.{0} END"
_STUCK = """
CASE WHEN p.source_run_id <> :run THEN 'file' WHEN p.revision IS DISTINCT FROM :written THEN 'writer'
     WHEN m.revision > :written THEN 'member' WHEN l.policy_id IS NOT NULL THEN 'told'
     WHEN a.member_id IS NOT NULL AND m.revision = :written THEN 'told' END
"""
_LATER = """LEFT JOIN later l ON l.policy_id = p.id LEFT JOIN again a ON a.member_id = p.member_id"""
_WAS = f"""
SELECT p.id, p.member_id, p.identity, CAST(NULL AS uuid) AS effect_id, CAST(NULL AS jsonb) AS told, true AS is_new,
       p.writing_npn AS npn, NULL AS npn_then, p.writer_source AS source, NULL AS source_then,
       NULL AS writer_name, NULL AS writer_kind, NULL AS writer_value, CAST(NULL AS date) AS effective_date,
       false AS asks, {_STUCK} AS stuck
FROM policy p JOIN member m ON m.fmo_id = :fmo AND m.id = p.member_id {_LATER}
WHERE p.fmo_id = :fmo AND p.first_run_id = :run
UNION ALL
SELECT p.id, p.member_id, p.identity, e.id, e.told, false, p.writing_npn, {_THEN.format("writing_npn")},
       p.writer_source, {_THEN.format("writer_source")},
       {_THEN.format("writer_name")}, {_THEN.format("writer_kind")}, {_THEN.format("writer_value")},
       CASE WHEN e.told ? 'effective_date' THEN CAST(e.told #>> '{{effective_date,0}}' AS date)
            ELSE p.effective_date END,
       e.told ?| ARRAY['writing_npn', 'writer_source', 'writer_name', 'writer_kind', 'writer_value', 'effective_date']
         AND {_THEN.format("writer_source")} IS DISTINCT FROM 'column', {_STUCK}
FROM feed_effect e JOIN policy p ON p.fmo_id = :fmo AND p.id = e.subject_id
JOIN member m ON m.fmo_id = :fmo AND m.id = p.member_id {_LATER}
WHERE e.fmo_id = :fmo AND e.run_id = :run AND e.kind = 'changed' AND e.undone_at IS NULL
"""
_ASKED = """SELECT DISTINCT writer_kind AS kind, writer_value AS value, effective_date FROM was
  WHERE asks AND writer_value IS NOT NULL AND NOT writer_kind = ANY(:blocked)"""
# Every policy that the run brought or changed, as it is and as it was; `stuck` is why it cannot be taken back. Whose
# it was by the crosswalk or by hand is asked anew: a line or a word that has ended since names nobody any more.
CONCERNED = f"""
WITH later AS MATERIALIZED ({POLICIES.format(runs=":later")}),
again AS MATERIALIZED (
  SELECT DISTINCT q.member_id FROM later t JOIN policy q ON q.fmo_id = :fmo AND q.id = t.policy_id),
was AS MATERIALIZED ({_WAS})
SELECT r.id, r.member_id, r.effect_id, r.told, r.is_new, r.npn, r.source, r.stuck,
       CASE WHEN r.asks THEN coalesce(h.npn, x.npn) ELSE r.npn_then END AS npn_then,
       CASE WHEN NOT r.asks THEN r.source_then WHEN h.npn IS NOT NULL THEN 'hand'
            WHEN x.npn IS NOT NULL THEN 'crosswalk' END AS source_then
FROM was r
LEFT JOIN hand_attribution h ON r.asks AND {writers.WORD}
LEFT JOIN ({writers.resolved(_ASKED)}) x
  ON r.asks AND x.kind = r.writer_kind AND x.value = r.writer_value AND x.effective_date = r.effective_date
"""
_COUNTS = f"""
SELECT count(*) FILTER (WHERE is_new AND stuck IS NULL) AS new,
       count(*) FILTER (WHERE NOT is_new AND stuck IS NULL) AS changed,
       count(*) FILTER (WHERE NOT is_new AND stuck IS NULL AND npn IS DISTINCT FROM npn_then) AS moved,
       count(*) FILTER (WHERE stuck = 'file') AS file, count(*) FILTER (WHERE stuck = 'writer') AS writer,
       count(*) FILTER (WHERE stuck = 'member') AS member, count(*) FILTER (WHERE stuck = 'told') AS told
FROM ({CONCERNED}) u
"""
_SOME_STUCK = f"SELECT id, stuck FROM ({CONCERNED}) u WHERE stuck IS NOT NULL ORDER BY stuck, id LIMIT :most"
_IS_TOLD = f"""
SELECT EXISTS (SELECT FROM ({CONCERNED}) u WHERE stuck = 'told' OR (stuck = 'file' AND EXISTS (
  SELECT FROM policy p WHERE p.fmo_id = :fmo AND p.id = u.id AND p.source_run_id = ANY(:later))))
"""
_GATHER = f"CREATE TEMP TABLE undo_policy ON COMMIT DROP AS {CONCERNED}"
_MEMBERS = """
CREATE TEMP TABLE undo_member ON COMMIT DROP AS
SELECT u.member_id, e.id AS effect_id, e.told
FROM (SELECT member_id FROM undo_policy GROUP BY member_id HAVING bool_and(stuck IS NULL)) u
JOIN member m ON m.fmo_id = :fmo AND m.id = u.member_id
LEFT JOIN feed_effect e ON e.fmo_id = :fmo AND e.run_id = :run AND e.kind = 'member' AND e.subject_id = u.member_id
  AND m.revision = :written
"""
_MOVED = (
    "SELECT id, npn, npn_then FROM undo_policy WHERE stuck IS NULL AND NOT is_new AND npn IS DISTINCT FROM npn_then"
)
_RELEASED = "SELECT id FROM undo_policy WHERE stuck IS NULL AND (is_new OR npn IS DISTINCT FROM npn_then) ORDER BY id"
_KEEP_NEW = f"""
INSERT INTO feed_effect (fmo_id, id, run_id, kind, subject_id, member_id, sort_key, told, identity, undone_at)
SELECT :fmo, uuidv7(), :run, 'new', p.id, p.member_id, p.sort_key, {whole()}, p.identity, now()
FROM undo_policy u JOIN policy p ON p.fmo_id = :fmo AND p.id = u.id
JOIN member m ON m.fmo_id = :fmo AND m.id = p.member_id
WHERE u.is_new AND u.stuck IS NULL
"""
_MARK = """
UPDATE feed_effect e SET undone_at = now()
FROM (SELECT effect_id FROM undo_policy WHERE stuck IS NULL UNION ALL SELECT effect_id FROM undo_member) u
WHERE e.fmo_id = :fmo AND e.id = u.effect_id
"""
_GONE = "USING undo_policy u WHERE o.fmo_id = :fmo AND u.is_new AND u.stuck IS NULL"
_NO_WRITERS = f"DELETE FROM policy_writer o {_GONE} AND o.policy_id = u.id"
_NO_POLICIES = f"DELETE FROM policy o {_GONE} AND o.id = u.id"
_REWRITTEN = """u.stuck IS NULL AND NOT u.is_new
  AND (u.npn IS DISTINCT FROM u.npn_then OR u.source IS DISTINCT FROM u.source_then)"""
_CLOSE = f"""
UPDATE policy_writer w SET until = now() FROM undo_policy u
WHERE w.fmo_id = :fmo AND w.policy_id = u.id AND w.until IS NULL AND {_REWRITTEN}
"""
# Not the old line opened again: that this run's NPN stood there for a while is part of what happened.
_OPEN = f"""
INSERT INTO policy_writer (fmo_id, id, policy_id, npn, source, run_id, written_from, written_to)
SELECT :fmo, uuidv7(), u.id, u.npn_then, coalesce(u.source_then, 'none'),
       CASE WHEN w.npn IS NOT DISTINCT FROM u.npn_then THEN w.run_id END, w.written_from, w.written_to
FROM undo_policy u LEFT JOIN LATERAL (
  SELECT w.* FROM policy_writer w WHERE w.fmo_id = :fmo AND w.policy_id = u.id AND w.run_id IS DISTINCT FROM :run
  ORDER BY w.until DESC, w.since DESC LIMIT 1) w ON true
WHERE {_REWRITTEN}
"""
# The same interval under the dates that it had.
_DATES = """
UPDATE policy_writer w SET written_from = CAST(u.told #>> '{written_from,0}' AS date),
       written_to = CAST(u.told #>> '{written_to,0}' AS date)
FROM undo_policy u
WHERE w.fmo_id = :fmo AND w.policy_id = u.id AND w.until IS NULL AND u.stuck IS NULL AND u.told ? 'written_from'
"""
_TOUCH = """
UPDATE policy o SET sort_key = m.sort_key, batch = :batch, updated_at = now()
FROM undo_member u JOIN member m ON m.fmo_id = :fmo AND m.id = u.member_id
WHERE u.effect_id IS NOT NULL AND o.fmo_id = :fmo AND o.member_id = m.id
"""
# A key that the run was the first to tell goes, unless something that is still in the book tells it too.
_KEYS = f"""
DELETE FROM member_key k USING undo_member u
WHERE k.fmo_id = :fmo AND k.member_id = u.member_id AND k.batch = :written AND NOT EXISTS (
  SELECT 1 FROM policy p JOIN member m ON m.fmo_id = :fmo AND m.id = p.member_id
  WHERE p.fmo_id = :fmo AND p.member_id = k.member_id AND k.value = CASE k.kind
    WHEN 'mbi' THEN m.mbi_hash WHEN 'number' THEN p.carrier || '|' || p.member_number
    ELSE {person_key_sql("m.first_name", "m.last_name", "m.birth_date", "m.zip")} END)
"""


def _then(field: str) -> str:
    value = f"CAST(u.told #>> '{{{field},0}}' AS {_TYPES.get(field, 'text')})"
    return f"CASE WHEN u.told ? '{field}' THEN {value} ELSE o.{field} END"


_WHOSE = {"writing_npn": "u.npn_then", "writer_source": "u.source_then"}


def _as_before(table: str, fields: tuple[str, ...], source: str, key: str) -> str:
    was = (f"{f} = {_WHOSE.get(f) or _then(f)}" for f in fields)
    return f"""
UPDATE {table} o SET {", ".join(was)}, batch = :batch, updated_at = now()
FROM {source} u WHERE o.fmo_id = :fmo AND o.id = u.{key} AND u.told IS NOT NULL
"""


_POLICIES = _as_before("policy", POLICY_FIELDS, "undo_policy", "id") + "  AND u.stuck IS NULL"
_PEOPLE = _as_before("member", MEMBER_FIELDS, "undo_member", "member_id")


def counts(known: dict[str, Any]) -> dict[str, int]:
    """How many policies are free (`new`, `changed`, of these `moved`) and how many are stuck, by why."""
    return {name: int(value) for name, value in run(_COUNTS, **known).mappings().one().items()}


def some_stuck(known: dict[str, Any], most: int) -> list[tuple[UUID, str]]:
    """The first policies that cannot be taken back, and why each."""
    return [(row.id, row.stuck) for row in run(_SOME_STUCK, most=most, **known)]


def is_told(known: dict[str, Any]) -> bool:
    """Whether one of the policies is stuck because the files that are `later` told it."""
    return bool(run(_IS_TOLD, **known).scalar_one())


def gather(known: dict[str, Any]) -> None:
    """Make the temporary tables that the other statements work on. Call under the book's lock."""
    run("SET LOCAL work_mem = '64MB'")
    run("SET LOCAL enable_nestloop = off")  # as a load: the planner knows nothing of these tables
    run(_GATHER, **known)
    run("ANALYZE undo_policy (id, member_id, stuck)")
    run("SET LOCAL enable_nestloop = on")
    run(_MEMBERS, **known)
    run("ANALYZE undo_member (member_id)")


def moved() -> list[Move]:
    """The policies that go to another writing agent by being what they were."""
    return [Move(row.id, row.npn, row.npn_then) for row in run(_MOVED)]


def released() -> Iterator[UUID]:
    """The policies that somebody may lose: gone from the book, or another's again."""
    yield from run(_RELEASED).scalars()


def take_back(known: dict[str, Any], batch: int) -> None:
    """Make everything gathered what it was before the run."""
    fmo = {"fmo": known["fmo"]}
    run(_KEEP_NEW, run=known["run"], **fmo)
    run(_MARK, **fmo)
    run(_NO_WRITERS, **fmo)
    run(_NO_POLICIES, **fmo)
    run(_CLOSE, **fmo)
    run(_OPEN, run=known["run"], **fmo)
    run(_DATES, **fmo)
    run(_POLICIES, batch=batch, **fmo)
    run(_PEOPLE, batch=batch, **fmo)
    run(_TOUCH, batch=batch, **fmo)
    run(_KEYS, written=known["written"], **fmo)
