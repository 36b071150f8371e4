"""Which rows of the file count, and which of them change anything in the book."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from portal.book.statements.run_sql import run
from portal.book.statements.writers import WORD

# Of rows with one identity: the application received last, then the open or later end, then the agent whose own days
# are open, end later or begin later, then the content itself. Nothing depends on where a row stands in the file, except
# which of two equal rows is named as the source.
_WINNERS = """
CREATE TEMP TABLE feed_winner ON COMMIT DROP AS
SELECT DISTINCT ON (identity) n, identity, content_hash
FROM feed_row
ORDER BY identity, received_date DESC NULLS LAST, coalesce(term_date, 'infinity') DESC,
         coalesce(writer_to, 'infinity') DESC, writer_from DESC NULLS LAST, content_hash, sheet, row
"""
# Each enrolment of the file beside what the book has of it. A policy that a newer file has told is left alone; equal
# content writes nothing.
_TOLD = """
CREATE TEMP TABLE feed_told ON COMMIT DROP AS
SELECT w.n, coalesce(p.id, uuidv7()) AS policy_id, p.id IS NULL AS is_new, p.content_hash = w.content_hash AS is_same,
       p.as_of, p.member_id, p.writing_npn AS old_npn, p.writer_source AS old_source
FROM feed_winner w
LEFT JOIN policy p ON p.fmo_id = :fmo AND p.identity = w.identity
"""
# A policy that an undo took away comes back as the one that it was: what agents made of it is still known by its id.
_ANY_TAKEN_BACK = """
SELECT EXISTS (SELECT 1 FROM feed_effect WHERE fmo_id = :fmo AND identity IS NOT NULL AND undone_at IS NOT NULL)
"""
_AS_IT_WAS = """
UPDATE feed_told t SET policy_id = e.subject_id FROM feed_winner w, feed_effect e
WHERE t.is_new AND w.n = t.n AND e.fmo_id = :fmo AND e.identity = w.identity AND e.undone_at IS NOT NULL
"""
_CHANGES = """
CREATE TEMP TABLE feed_change ON COMMIT DROP AS
SELECT n, policy_id, is_new, member_id, old_npn, old_source, NULL::text AS npn, NULL::text AS source
FROM feed_told WHERE is_new OR (NOT is_same AND as_of <= :as_of)
"""
# Equal content too, where somebody has just said by hand whose it is.
_BY_WORD = f"""
INSERT INTO feed_change SELECT t.n, t.policy_id, false, t.member_id, t.old_npn, t.old_source
FROM feed_told t JOIN feed_row r USING (n) JOIN hand_attribution h ON {WORD}
WHERE t.is_same AND t.as_of <= :as_of AND r.writer_npn IS NULL AND t.old_npn IS DISTINCT FROM h.npn
"""
_COUNTS = """
SELECT (SELECT count(*) FROM feed_told) AS kept, count(*) FILTER (WHERE is_new) AS fresh,
       count(*) FILTER (WHERE NOT is_new) AS changed
FROM feed_change
"""
_TOUCHED = "SELECT policy_id FROM feed_told WHERE NOT is_new"
_CHANGING = "SELECT w.identity FROM feed_change c JOIN feed_winner w USING (n) WHERE NOT c.is_new"
_LEFT_OUT = "DELETE FROM feed_change c USING feed_winner w WHERE w.n = c.n AND w.identity = ANY(:identities)"
# As among the rows of one file; of rows that are equal in this the later file's counts.
_LEFT_TO_SAME_DAY = """
DELETE FROM feed_change c USING feed_same_day s, feed_row r, policy p
WHERE NOT c.is_new AND s.policy_id = c.policy_id AND r.n = c.n AND p.fmo_id = :fmo AND p.id = c.policy_id
  AND (coalesce(p.received_date, '-infinity'), coalesce(p.term_date, 'infinity'))
      > (coalesce(r.received_date, '-infinity'), coalesce(r.term_date, 'infinity'))
"""


def choose(fmo_id: UUID) -> None:
    """Pick one row of each enrolment in the file, and find what the book has of it."""
    run(_WINNERS)
    run("ANALYZE feed_winner")
    run(_TOLD, fmo=fmo_id)
    if run(_ANY_TAKEN_BACK, fmo=fmo_id).scalar_one():
        run(_AS_IT_WAS, fmo=fmo_id)
    run("ANALYZE feed_told")


def touched() -> list[UUID]:
    """The policies of the book that the staged rows tell."""
    return list(run(_TOUCHED).scalars())


def forget() -> None:
    """Undo `choose`."""
    run("DROP TABLE feed_winner, feed_told")


def compare(fmo_id: UUID, as_of: date, *, fixed: bool) -> tuple[int, int, int]:
    """Find what the chosen rows change in the book; (chosen, new, changed). `fixed`: rows put right by hand."""
    run(_CHANGES, as_of=as_of)
    if fixed:
        run(_BY_WORD, fmo=fmo_id, as_of=as_of)
    run("ANALYZE feed_change")
    found = run(_COUNTS).one()
    return found.kept, found.fresh, found.changed


def changing() -> set[str]:
    """The identities of the policies of the book that the file at work changes."""
    return set(run(_CHANGING).scalars())


def leave_out(identities: Iterable[str]) -> None:
    """Let the file at work not change these."""
    run(_LEFT_OUT, identities=list(identities))
    run("ANALYZE feed_change")


def leave_to_same_day(fmo_id: UUID) -> int:
    """Let the file at work not change what `feed_same_day` tells by the row that counts before its own; how many."""
    left: int = run(_LEFT_TO_SAME_DAY, fmo=fmo_id).rowcount
    run("ANALYZE feed_change")
    return left
