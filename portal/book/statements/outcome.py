"""What a run leaves beside the book: refused and dropped rows, and the counts that add up to the file's rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from portal.book.statements.run_sql import driver, run

OLDER_ROW = "An older row of the same enrolment."
LARGE = 1_000
_PROBLEM_COLUMNS = "outcome, sheet, row, column_name, shape, reason"
_TABLE = """
CREATE TEMP TABLE feed_trouble (outcome text, sheet text, row integer, column_name text, shape text, reason text)
ON COMMIT DROP
"""
_OLDER = """
INSERT INTO feed_trouble SELECT 'dropped', r.sheet, r.row, NULL, NULL, CAST(:reason AS text)
FROM feed_row r WHERE NOT EXISTS (SELECT 1 FROM feed_winner w WHERE w.n = r.n)
"""
_KEEP = f"""
INSERT INTO feed_problem (fmo_id, id, run_id, {_PROBLEM_COLUMNS})
SELECT :fmo, uuidv7(), :run, {_PROBLEM_COLUMNS} FROM feed_trouble
"""
_COPY = f"""
INSERT INTO feed_problem (fmo_id, id, run_id, {_PROBLEM_COLUMNS})
SELECT :fmo, uuidv7(), :run, {_PROBLEM_COLUMNS} FROM feed_problem WHERE fmo_id = :fmo AND run_id = :before
"""
_UNATTRIBUTED = """
SELECT count(*) FROM feed_told t LEFT JOIN feed_change c USING (n)
WHERE CASE WHEN c.n IS NULL THEN t.old_npn ELSE c.npn END IS NULL
"""


def prepare() -> None:
    """Make the table that collects refused and dropped rows."""
    run(_TABLE)


def collect(problems: Iterable[Sequence[Any]]) -> None:
    """Take in (outcome, sheet, row, column, shape, reason) of rows that were not staged, and the older rows."""
    with driver().cursor() as cursor, cursor.copy(f"COPY feed_trouble ({_PROBLEM_COLUMNS}) FROM STDIN") as copy:
        for problem in problems:
            copy.write_row(problem)
    run(_OLDER, reason=OLDER_ROW)


def keep_problems(fmo_id: UUID, run_id: UUID) -> None:
    """Write the collected rows beside the run."""
    run(_KEEP, fmo=fmo_id, run=run_id)


def copy_problems(fmo_id: UUID, before: UUID, run_id: UUID) -> None:
    """Write the refused and dropped rows of the run before beside this one too: it has the same file."""
    run(_COPY, fmo=fmo_id, before=before, run=run_id)


def unattributed() -> int:
    """How many of the file's enrolments have no writing agent, once those of the changed ones are resolved."""
    found: int = run(_UNATTRIBUTED).scalar_one()
    return found


def refresh_statistics() -> None:
    """Tell the planner what a large load left behind; in a transaction of its own."""
    for table in ("member", "member_key", "policy", "policy_writer"):
        run(f"ANALYZE (SKIP_LOCKED) {table}")  # another load at work counts it itself
