"""Prints: what a run's file told, 32 bytes an enrolment, kept in pieces and unpacked where sets are compared."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from portal.book.statements.run_sql import run

AT_ONCE = 8_192  # prints of one piece
_KEEP = f"""
INSERT INTO feed_print (fmo_id, id, run_id, piece, body)
SELECT :fmo, uuidv7(), :run, t.n / {AT_ONCE},
       string_agg(decode(repeat('00', 15), 'hex') || '\\x02'::bytea || uuid_send(t.policy_id), ''::bytea ORDER BY t.n)
FROM feed_told t GROUP BY t.n / {AT_ONCE}
"""
# A piece is fetched whole, once, before it is cut up: `||` makes it a value of the row instead of a place on disk.
_TOLD = """
CREATE TEMP TABLE {table} ON COMMIT DROP AS
SELECT DISTINCT encode(substr(p.body, i * 32 + 17, 16), 'hex')::uuid AS policy_id
FROM (SELECT body || ''::bytea AS body FROM feed_print WHERE fmo_id = :fmo AND run_id IN (
        SELECT coalesce(same_as, id) FROM feed_run WHERE fmo_id = :fmo AND id = ANY(:runs)) OFFSET 0) p,
     generate_series(0, length(p.body) / 32 - 1) i
"""


def keep(fmo_id: UUID, run_id: UUID) -> None:
    """Write which policies the file at work tells; the ids of new ones are given already, the rows not yet written."""
    run(_KEEP, fmo=fmo_id, run=run_id)


def told_by(fmo_id: UUID, runs: Sequence[UUID], *, table: str) -> None:
    """Make the temporary `table` (policy_id) of the policies that the files of `runs` told: loaded runs, not checks.

    Works for the run at work too, once it has kept its prints. A policy may have been taken out of the book since.
    """
    run(_TOLD.format(table=table), fmo=fmo_id, runs=list(runs))
    run(f"ANALYZE {table}")
