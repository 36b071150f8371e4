"""Finding what is missing and writing the marks, set-based. Every statement takes its FMO by name, `:fmo`.

`absence_left` is what no recent file tells, `absence_told` what the files looked at tell, `absence_found` the outcome:
policies that are missing and since which day.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from portal.book.statements import prints
from portal.book.statements.run_sql import run

# Carriers drop what has ended: that is no sign of anything.
_ENDED = """(p.status IN ('cancelled', 'rejected') OR p.term_date < :day
        OR (p.status IN ('terminated', 'lapsed') AND p.term_date IS NULL))"""
_LEFT = f"""
CREATE TEMP TABLE absence_left ON COMMIT DROP AS
SELECT p.id AS policy_id, p.as_of, r.connector_id
FROM policy p JOIN feed_run r ON r.fmo_id = :fmo AND r.id = p.source_run_id
WHERE p.fmo_id = :fmo AND p.carrier = :carrier AND (CAST(:keeps_ended AS boolean) OR {_ENDED} IS NOT TRUE)
  AND p.as_of < :cutoff AND (CAST(:again AS boolean) OR p.missing_since IS NULL)
  AND NOT EXISTS (SELECT 1 FROM absence_told t WHERE t.policy_id = p.id)
"""
_FOUND_TABLE = "CREATE TEMP TABLE absence_found (policy_id uuid, missing_from date) ON COMMIT DROP"
# Who last told a policy is asked: each connector with a file of that day that has it, by its prints or as its source.
_OF_DAY = """
CREATE TEMP TABLE absence_owner ON COMMIT DROP AS
SELECT l.policy_id, x.connector_id FROM absence_left l JOIN absence_told_of x USING (policy_id)
UNION
SELECT policy_id, connector_id FROM absence_left WHERE as_of >= :day
"""
_VERDICT = """
INSERT INTO absence_found
SELECT o.policy_id, max(s.missing_from)
FROM absence_owner o LEFT JOIN unnest(CAST(:connectors AS uuid[]), CAST(:days AS date[])) s (connector_id, missing_from)
  ON s.connector_id = o.connector_id
GROUP BY o.policy_id HAVING bool_and(s.missing_from IS NOT NULL)
"""
_SEEN = "DELETE FROM absence_left l USING absence_owner o WHERE o.policy_id = l.policy_id"


def drop(*tables: str) -> None:
    """Take tables of an earlier look away; they would end with the transaction."""
    for table in tables:
        run(f"DROP TABLE IF EXISTS {table}")


@dataclass(frozen=True, slots=True)
class Look:
    """What to look for: the carrier's policies that no file of the runs `recent` tells, which are as of `cutoff` on.

    What ended before `day`, the newest set's, is left out unless the carrier `keeps_ended`. `again`: also what is
    marked already.
    """

    fmo_id: UUID
    carrier: str
    recent: Sequence[UUID]
    cutoff: date
    day: date
    keeps_ended: bool
    again: bool


def begin(look: Look) -> int:
    """Find what is left to ask older files about; how many policies the recent ones tell."""
    drop("absence_told", "absence_left", "absence_found")
    prints.told_by(look.fmo_id, look.recent, table="absence_told")
    values = {"fmo": look.fmo_id, "carrier": look.carrier, "cutoff": look.cutoff, "day": look.day}
    run(_LEFT, **values, keeps_ended=look.keeps_ended, again=look.again)
    run("ANALYZE absence_left")
    run(_FOUND_TABLE)
    told: int = run("SELECT count(*) FROM absence_told").scalar_one()
    return told


def find_nothing() -> None:
    """Let `absence_found` say that nothing is missing."""
    drop("absence_found")
    run(_FOUND_TABLE)


def any_left() -> bool:
    """Whether older files must still be asked."""
    found: bool = run("SELECT EXISTS (SELECT 1 FROM absence_left)").scalar_one()
    return found


def judge(
    fmo_id: UUID, day: date, runs_of: Sequence[tuple[UUID, Sequence[UUID]]], missing: Iterable[tuple[UUID, date]]
) -> None:
    """Judge what the files of one day told and no later file.

    `runs_of`: each connector with its runs of that day. `missing`: each connector for which what was last told then is
    missing, and since when.
    """
    drop("absence_told_of", "absence_owner")
    run("CREATE TEMP TABLE absence_told_of (policy_id uuid, connector_id uuid) ON COMMIT DROP")
    for connector_id, run_ids in runs_of:
        drop("absence_told")
        prints.told_by(fmo_id, run_ids, table="absence_told")
        run(
            "INSERT INTO absence_told_of SELECT policy_id, CAST(:connector AS uuid) FROM absence_told"
            " JOIN absence_left USING (policy_id)",
            connector=connector_id,
        )
    run(_OF_DAY, day=day)
    pairs = list(missing)
    run(_VERDICT, connectors=[one for one, _ in pairs], days=[since for _, since in pairs])
    run(_SEEN)


_NEW = "FROM absence_found f JOIN policy p ON p.fmo_id = :fmo AND p.id = f.policy_id WHERE p.missing_since IS NULL"
_BY_AGENT = f"SELECT p.writing_npn AS npn, count(*) AS policies {_NEW} GROUP BY p.writing_npn"
_WHICH = f"""
SELECT encode(sha256(convert_to(coalesce(string_agg(p.id::text, ',' ORDER BY p.id), ''), 'UTF8')), 'hex') {_NEW}
"""


def by_agent(fmo_id: UUID) -> list[tuple[str | None, int]]:
    """How many policies of each writing agent would be marked, the most concerned first."""
    found = [(row.npn, row.policies) for row in run(_BY_AGENT, fmo=fmo_id)]
    return sorted(found, key=lambda one: (-one[1], one[0] or ""))


def which(fmo_id: UUID) -> str:
    """Stands for exactly the policies that would be marked."""
    found: str = run(_WHICH, fmo=fmo_id).scalar_one()
    return found


_OPEN = f"""
WITH new AS (SELECT f.policy_id, f.missing_from {_NEW}),
kept AS (
  INSERT INTO policy_absence (fmo_id, id, policy_id, run_id, missing_from)
  SELECT :fmo, uuidv7(), policy_id, CAST(:run AS uuid), missing_from FROM new
)
UPDATE policy p SET missing_since = n.missing_from FROM new n WHERE p.fmo_id = :fmo AND p.id = n.policy_id
"""


def _close(which_ones: str) -> str:
    return f"""
WITH gone AS (
  UPDATE policy_absence a SET until = now(), ended_by = :why FROM ({which_ones}) w
  WHERE a.fmo_id = :fmo AND a.policy_id = w.id AND a.until IS NULL RETURNING a.policy_id
)
UPDATE policy p SET missing_since = NULL FROM gone g WHERE p.fmo_id = :fmo AND p.id = g.policy_id
"""


_MARKED = "SELECT p.id FROM policy p WHERE p.fmo_id = :fmo AND p.missing_since IS NOT NULL AND p.carrier = :carrier"
_TOLD_AGAIN = f"{_MARKED} AND p.missing_since <= :day AND p.id IN (SELECT policy_id FROM absence_told)"
_OVER = f"{_MARKED} AND NOT CAST(:keeps_ended AS boolean) AND {_ENDED}"
_NOT_FOUND = f"""{_MARKED} AND NOT EXISTS (
  SELECT 1 FROM absence_found f WHERE f.policy_id = p.id AND f.missing_from = p.missing_since)"""
_OF = f"""{_MARKED} AND p.id IN (
  SELECT a.policy_id FROM policy_absence a LEFT JOIN feed_run r ON r.fmo_id = :fmo AND r.id = a.run_id
  WHERE a.fmo_id = :fmo AND a.until IS NULL AND coalesce(r.connector_id, :connector) = :connector)"""
_ANY = f"SELECT EXISTS ({_MARKED})"


def any_marked(fmo_id: UUID, carrier: str) -> bool:
    """Whether a policy of the carrier is marked."""
    found: bool = run(_ANY, fmo=fmo_id, carrier=carrier).scalar_one()
    return found


def mark(fmo_id: UUID, run_id: UUID | None) -> int:
    """Mark what was found and is not marked yet; how many."""
    return _count(_OPEN, fmo=fmo_id, run=run_id)


def unmark_told(fmo_id: UUID, carrier: str, day: date, run_id: UUID) -> int:
    """Take the mark off what a file of `day` tells again; an older file than the first set without it tells nothing."""
    drop("absence_told")
    prints.told_by(fmo_id, [run_id], table="absence_told")
    return _count(_close(_TOLD_AGAIN), fmo=fmo_id, carrier=carrier, day=day, why="told")


def unmark_over(fmo_id: UUID, carrier: str, day: date, *, keeps_ended: bool) -> int:
    """Take the mark off what has ended by `day`."""
    values = {"fmo": fmo_id, "carrier": carrier, "day": day, "keeps_ended": keeps_ended}
    return _count(_close(_OVER), **values, why="over")


def unmark_unfound(fmo_id: UUID, carrier: str, why: str) -> int:
    """Take the mark off everything that was not found missing since the very day that it is marked with."""
    return _count(_close(_NOT_FOUND), fmo=fmo_id, carrier=carrier, why=why)


def unmark_of(fmo_id: UUID, connector_id: UUID, carrier: str) -> int:
    """Take back the marks that one connector's files made."""
    return _count(_close(_OF), fmo=fmo_id, carrier=carrier, connector=connector_id, why="declared")


def _count(statement: str, **values: object) -> int:
    done: int = run(statement, **values).rowcount
    return done
