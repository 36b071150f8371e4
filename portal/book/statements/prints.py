"""Prints: what a run's file told, 32 bytes an enrolment, kept in pieces and unpacked where sets are compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from uuid import UUID

from portal.book.statements.run_sql import driver, run

SIZE, HASH = 32, 15  # bytes of a print, and of the hash it begins with
KNOWN, NOBODYS, READ_AGAIN = 0, 1, 2  # what the byte after it says: equal rows are known, and have no writing agent
# A row whose print is kept without hash is read again next time: it stands beside others of its enrolment, or the
# book holds something else than it says.
_TWICE = """
CREATE TEMP TABLE feed_twice ON COMMIT DROP AS SELECT identity FROM feed_row GROUP BY identity HAVING count(*) > 1
"""
_SAYS = f"""CASE WHEN r.print IS NULL OR NOT (c.n IS NOT NULL OR t.is_same) OR d.identity IS NOT NULL
            THEN '\\x{"00" * HASH}{READ_AGAIN:02x}'::bytea
            ELSE r.print || CASE WHEN CASE WHEN c.n IS NULL THEN t.old_npn ELSE c.npn END IS NULL
                            THEN '\\x{NOBODYS:02x}'::bytea ELSE '\\x{KNOWN:02x}'::bytea END END"""
_KEEP = f"""
INSERT INTO feed_print (fmo_id, id, run_id, piece, body)
SELECT :fmo, uuidv7(), :run, r.piece * 2 + 1, string_agg({_SAYS} || uuid_send(t.policy_id), ''::bytea ORDER BY t.n)
FROM feed_told t JOIN feed_row r USING (n) LEFT JOIN feed_change c USING (n) LEFT JOIN feed_twice d USING (identity)
GROUP BY r.piece
"""
_KEEP_PASSED = """
INSERT INTO feed_print (fmo_id, id, run_id, piece, body) VALUES (%s, uuidv7(), %s, %s, %b)
"""
_CHANGED = "SELECT id FROM policy WHERE fmo_id = :fmo AND batch > :batch LIMIT :most"
_ALL = "SELECT body FROM feed_print WHERE fmo_id = %s AND run_id = %s ORDER BY piece"
# A piece is fetched whole, once, before it is cut up: `||` makes it a value of the row instead of a place on disk.
POLICIES = """
SELECT DISTINCT encode(substr(p.body, i * 32 + 17, 16), 'hex')::uuid AS policy_id
FROM (SELECT body || ''::bytea AS body FROM feed_print WHERE fmo_id = :fmo AND run_id IN (
        SELECT coalesce(same_as, id) FROM feed_run WHERE fmo_id = :fmo AND id = ANY({runs})) OFFSET 0) p,
     generate_series(0, length(p.body) / 32 - 1) i
"""
_TOLD = f"CREATE TEMP TABLE {{table}} ON COMMIT DROP AS {POLICIES.format(runs=':runs')}"
_WITHOUT = """
SELECT r.id FROM feed_run r WHERE r.fmo_id = :fmo AND r.id = ANY(:runs)
  AND r.new + r.changed + r.unchanged > 0 AND NOT EXISTS (
  SELECT FROM feed_print p WHERE p.fmo_id = :fmo AND p.run_id = coalesce(r.same_as, r.id))
"""


def keep(fmo_id: UUID, run_id: UUID, passed: Iterable[tuple[int, bytes]]) -> None:
    """Write the prints of the file at work: of its staged rows, whose policies have their ids, and of those `passed`.

    `passed` are (batch, prints) of rows that were known; the batches are those of `feed_row.piece`.
    """
    run(_TWICE)
    run(_KEEP, fmo=fmo_id, run=run_id)
    with driver().cursor() as cursor:
        cursor.executemany(_KEEP_PASSED, ((fmo_id, run_id, batch * 2, body) for batch, body in passed))


def write_to(path: Path, fmo_id: UUID, run_id: UUID) -> None:
    """Write the prints of a run into a file, one after another."""
    with path.open("wb") as file, driver().cursor(binary=True) as cursor:
        for (body,) in cursor.stream(_ALL, (fmo_id, run_id)):
            file.write(body)


def changed_after(fmo_id: UUID, batch: int, *, most: int) -> list[UUID] | None:
    """The policies that were changed after that ingest number, None where they are more than `most`."""
    found = list(run(_CHANGED, fmo=fmo_id, batch=batch, most=most + 1).scalars())
    return found if len(found) <= most else None


def told_by(fmo_id: UUID, runs: Sequence[UUID], *, table: str) -> None:
    """Make the temporary `table` (policy_id) of the policies that the files of `runs` told: loaded runs, not checks.

    Works for the run at work too, once it has kept its prints. A policy may have been taken out of the book since.
    """
    run(_TOLD.format(table=table), fmo=fmo_id, runs=list(runs))
    run(f"ANALYZE {table}")


def without(fmo_id: UUID, runs: Sequence[UUID]) -> list[UUID]:
    """Those of `runs` that told something and have no prints: they are from before there were any."""
    return list(run(_WITHOUT, fmo=fmo_id, runs=list(runs)).scalars())
