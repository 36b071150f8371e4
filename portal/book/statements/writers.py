"""Whose policies they are: the NPN of the row, else the crosswalk's where it names exactly one, kept as intervals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from portal.book.effect import Move
from portal.book.statements.run_sql import run
from portal.connectors.ladder import name_key_sql


def resolved(wanted: str) -> str:
    """SQL for (kind, value, effective_date, npn) of every distinct triple that `wanted` selects and one NPN answers to.

    A value is compared as it is written; only one that no line spells so is compared without its leading zeros.
    """
    on_the_day = """(i.valid_from IS NULL OR i.valid_from <= w.effective_date)
             AND (i.valid_to IS NULL OR i.valid_to >= w.effective_date)"""
    mine = "i.fmo_id = :fmo AND i.carrier = :carrier AND i.kind = w.kind"
    return f"""
SELECT kind, value, effective_date, min(npn) AS npn FROM (
  SELECT w.*, i.npn FROM ({wanted}) w JOIN carrier_identifier i ON {mine} AND i.value = w.value AND {on_the_day}
  UNION ALL
  SELECT w.*, i.npn FROM ({wanted}) w
  JOIN carrier_identifier i ON {mine} AND ltrim(i.value, '0') = ltrim(w.value, '0') AND {on_the_day}
  WHERE w.kind <> 'tin' AND ltrim(w.value, '0') <> ''
    AND NOT EXISTS (SELECT 1 FROM carrier_identifier i WHERE {mine} AND i.value = w.value)
) found GROUP BY kind, value, effective_date HAVING count(DISTINCT npn) = 1"""


_BY_COLUMN = """
UPDATE feed_change c SET npn = r.writer_npn, source = 'column'
FROM feed_row r WHERE r.n = c.n AND r.writer_npn IS NOT NULL
"""
_IN_FILE = """SELECT DISTINCT r.writer_kind AS kind, r.writer_value AS value, r.effective_date
  FROM feed_change c JOIN feed_row r USING (n)
  WHERE r.writer_npn IS NULL AND r.writer_value IS NOT NULL AND NOT r.writer_kind = ANY(:blocked)"""
_BY_CROSSWALK = f"""
UPDATE feed_change c SET npn = x.npn, source = 'crosswalk'
FROM feed_row r JOIN ({resolved(_IN_FILE)}) x
  ON x.kind = r.writer_kind AND x.value = r.writer_value AND x.effective_date = r.effective_date
WHERE r.n = c.n AND r.writer_npn IS NULL
"""
# An identifier of which nobody knows whose number it is: an agent of the downline with that NPN and that name is no
# accident. What follows the last "/" is the identifier, what precedes it who gave it.
_BY_DOWNLINE = f"""
UPDATE feed_change c SET npn = a.npn, source = 'column'
FROM feed_row r JOIN producer a ON a.fmo_id = :fmo AND a.npn = ltrim(regexp_replace(r.writer_value, '^.*/', ''), '0')
WHERE r.n = c.n AND c.npn IS NULL AND r.writer_npn IS NULL AND r.writer_kind = ANY(:may_be_npn)
  AND {name_key_sql("r.writer_name")} IN (a.name_key, {name_key_sql("a.name")})
"""
# Somebody's word about this very policy, for as long as its file names the same writer as then, and no NPN.
WORD = """h.fmo_id = :fmo AND h.identity = r.identity AND h.ended_at IS NULL
  AND (lower(h.name_written), h.kind_written, h.value_written)
      IS NOT DISTINCT FROM (lower(r.writer_name), r.writer_kind, r.writer_value)"""
_BY_HAND = f"""
UPDATE feed_change c SET npn = h.npn, source = 'hand'
FROM feed_row r JOIN hand_attribution h ON {WORD}
WHERE r.n = c.n AND r.writer_npn IS NULL
"""
_CLOSE = """
UPDATE policy_writer w SET until = now() FROM feed_change c
WHERE NOT c.is_new AND (c.npn IS DISTINCT FROM c.old_npn OR c.source IS DISTINCT FROM c.old_source)
  AND w.fmo_id = :fmo AND w.policy_id = c.policy_id AND w.until IS NULL
"""
_OPEN = """
INSERT INTO policy_writer (fmo_id, id, policy_id, npn, source, run_id, written_from, written_to)
SELECT :fmo, uuidv7(), c.policy_id, c.npn, coalesce(c.source, 'none'), :run, r.writer_from, r.writer_to
FROM feed_change c JOIN feed_row r USING (n)
WHERE c.is_new OR c.npn IS DISTINCT FROM c.old_npn OR c.source IS DISTINCT FROM c.old_source
"""
# The carrier may correct the agent's own dates and nothing else: the open interval is the same one, better told.
# What it said before is kept with what else the run changed of the policy.
_DATES = """
WITH corrected AS (
  UPDATE policy_writer w SET written_from = r.writer_from, written_to = r.writer_to
  FROM feed_change c JOIN feed_row r USING (n)
  WHERE NOT c.is_new AND w.fmo_id = :fmo AND w.policy_id = c.policy_id AND w.until IS NULL
    AND (w.written_from, w.written_to) IS DISTINCT FROM (r.writer_from, r.writer_to)
  RETURNING w.policy_id, jsonb_build_object('written_from', jsonb_build_array(old.written_from, new.written_from),
                                            'written_to', jsonb_build_array(old.written_to, new.written_to)) AS told
)
UPDATE feed_effect e SET told = e.told || d.told FROM corrected d
WHERE e.fmo_id = :fmo AND e.run_id = :run AND e.kind = 'changed' AND e.subject_id = d.policy_id
"""
_MOVED = "SELECT policy_id FROM feed_change WHERE NOT is_new AND npn IS DISTINCT FROM old_npn"


def resolve(fmo_id: UUID, carrier: str, *, blocked: Sequence[str], may_be_npn: Sequence[str]) -> None:
    """Fill `npn` and `source` of `feed_change`.

    Identifier kinds in `blocked` attribute nothing: not yet confirmed. One in `may_be_npn` that no line of the
    crosswalk resolves is an NPN where an agent of the downline has it and the row's name.
    """
    run(_BY_COLUMN)
    run(_BY_CROSSWALK, fmo=fmo_id, carrier=carrier, blocked=list(blocked))
    if may_be_npn:
        run(_BY_DOWNLINE, fmo=fmo_id, may_be_npn=list(may_be_npn))
    run(_BY_HAND, fmo=fmo_id)


def keep_intervals(fmo_id: UUID, run_id: UUID) -> list[UUID]:
    """Close, open and correct intervals after the policies are merged; the ids of policies with another NPN now."""
    moved = list(run(_MOVED).scalars())
    run(_CLOSE, fmo=fmo_id)
    run(_OPEN, fmo=fmo_id, run=run_id)
    run(_DATES, fmo=fmo_id, run=run_id)
    return moved


# A policy with an NPN from its file has an identifier, too, only where that was taken for the NPN: a line decides.
_STORED = """SELECT DISTINCT p.writer_kind AS kind, p.writer_value AS value, p.effective_date FROM policy p
  WHERE p.fmo_id = :fmo AND p.carrier = :carrier AND p.writer_source IS DISTINCT FROM 'hand'
    AND p.writer_kind = :kind AND p.writer_value IS NOT NULL {narrowed}"""
_NOW = """
SELECT p.id, p.writing_npn, x.npn FROM policy p
LEFT JOIN ({resolved}) x ON x.kind = p.writer_kind AND x.value = p.writer_value AND x.effective_date = p.effective_date
WHERE p.fmo_id = :fmo AND p.carrier = :carrier AND p.writer_source IS DISTINCT FROM 'hand'
  AND p.writer_kind = :kind AND p.writer_value IS NOT NULL {narrowed} AND p.writing_npn IS DISTINCT FROM x.npn
  AND (p.writer_source IS DISTINCT FROM 'column' OR x.npn IS NOT NULL)
FOR UPDATE OF p
"""
# A changed line of the crosswalk can also decide for values that differ from it in leading zeros only.
_NARROWED = "AND p.writer_value = ANY(:values)"
_MOST_ZEROS = 12


_OF_HAND = """
SELECT p.id, p.writing_npn, CAST(:npn AS text) AS npn FROM policy p
WHERE p.fmo_id = :fmo AND p.id = ANY(:ids) AND p.writer_source IS DISTINCT FROM 'column'
  AND p.writing_npn IS DISTINCT FROM CAST(:npn AS text)
FOR UPDATE OF p
"""


def moved_by_hand(fmo_id: UUID, policy_ids: Sequence[UUID], npn: str | None) -> list[Move]:
    """Each of those policies that goes to `npn` if somebody says so; what its file names by NPN stays."""
    found = run(_OF_HAND, fmo=fmo_id, ids=list(policy_ids), npn=npn)
    return [Move(one.id, one.writing_npn, one.npn) for one in found]


def newly_resolved(fmo_id: UUID, carrier: str, kind: str, values: Iterable[str] | None) -> list[Move]:
    """Each policy of those identifiers (None: of that kind) whose NPN the crosswalk changes."""
    narrowed = _NARROWED if values is not None else ""
    statement = _NOW.format(resolved=resolved(_STORED.format(narrowed=narrowed)), narrowed=narrowed)
    named: dict[str, Any] = {"fmo": fmo_id, "carrier": carrier, "kind": kind}
    if values is not None:
        named["values"] = sorted({one for value in values for one in ([value] if kind == "tin" else _spellings(value))})
    return [Move(found.id, found.writing_npn, found.npn) for found in run(statement, **named)]


def _spellings(value: str) -> list[str]:
    # Spelt out, since a comparison by function could not use the index under row security.
    bare = value.lstrip("0")
    return [value, *("0" * zeros + bare for zeros in range(_MOST_ZEROS + 1))]


_CHANGED = "unnest(CAST(:ids AS uuid[]), CAST(:npns AS text[])) c (id, npn)"
_RE_CLOSE = f"""
UPDATE policy_writer w SET until = now() FROM {_CHANGED}
WHERE w.fmo_id = :fmo AND w.policy_id = c.id AND w.until IS NULL
"""
_RE_OPEN = f"""
INSERT INTO policy_writer (fmo_id, id, policy_id, npn, source)
SELECT :fmo, uuidv7(), c.id, c.npn, CASE WHEN c.npn IS NULL THEN 'none' ELSE :source END FROM {_CHANGED}
"""
_RE_WRITE = f"""
UPDATE policy p SET writing_npn = c.npn, writer_source = CASE WHEN c.npn IS NULL THEN NULL ELSE :source END,
       batch = :batch, revision = :batch, updated_at = now()
FROM {_CHANGED} WHERE p.fmo_id = :fmo AND p.id = c.id
"""


def rewrite(fmo_id: UUID, moves: Sequence[Move], *, batch: int, source: str = "crosswalk") -> None:
    """Give each policy its new NPN, closing its interval and opening the next."""
    ids, npns = [one.policy_id for one in moves], [one.new for one in moves]
    values: dict[str, Any] = {"fmo": fmo_id, "ids": ids, "npns": npns}
    run(_RE_CLOSE, **values)
    run(_RE_OPEN, source=source, **values)
    run(_RE_WRITE, batch=batch, source=source, **values)
