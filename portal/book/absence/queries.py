"""Which files were loaded, what their SmartConnectors declare, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, false, func, select

from portal.book.absence.models import DeclaredSet, PolicyAbsence
from portal.book.absence.sets import Declared, Told
from portal.book.models import Connector, FeedRun, Policy
from portal.book.rules import layout_of
from portal.connectors.full_sets import checked
from portal.core.paging import COUNT_CAP
from portal.extensions import db

MOST_EXPORTED = 100_000


def line_of(connector: Connector) -> DeclaredSet | None:
    """What the FMO says of this connector's files, None where it has said nothing."""
    return db.session.scalar(select(DeclaredSet).where(DeclaredSet.connector_id == connector.id))


def declared(connector: Connector) -> Declared:
    """What holds of the connector's files: the FMO's own word, else what its layout says."""
    line = line_of(connector)
    if line is None:
        layout = layout_of(connector)
        return Declared(layout.full_set if layout else None, by_layout=True)
    words = tuple(line.words)
    return Declared(checked(words, line.number, line.keeps_ended) if line.is_full else None, line.since)


def connectors_of(carrier: str) -> Sequence[Connector]:
    """The carrier's connectors (at most 500)."""
    return db.session.scalars(select(Connector).where(Connector.carrier == carrier).limit(500)).all()


def files_of(carrier: str) -> list[Told]:
    """Every file of the carrier that is in the book, in the order in which they were loaded."""
    columns = FeedRun.id, FeedRun.connector_id, FeedRun.file_name, FeedRun.as_of, FeedRun.says_full
    rows = db.session.execute(
        select(*columns, FeedRun.rows, FeedRun.finished_at, FeedRun.parent_id)
        .join(Connector, (Connector.fmo_id == FeedRun.fmo_id) & (Connector.id == FeedRun.connector_id))
        .where(Connector.carrier == carrier, FeedRun.status == "succeeded", FeedRun.dry_run.is_(False))
        .where(FeedRun.as_of.is_not(None), FeedRun.finished_at.is_not(None))
        .order_by(FeedRun.finished_at, FeedRun.id)
    )
    return [
        Told(run_id, connector_id, name, as_of, says_full, rows_read or 0, at, parent is not None)
        for run_id, connector_id, name, as_of, says_full, rows_read, at, parent in rows
        if connector_id is not None and as_of is not None
    ]


def missing_count() -> tuple[int, bool]:
    """How many policies are missing from their feed, up to 10,000, and whether there are more."""
    some = select(Policy.id).where(Policy.missing_since.is_not(None)).limit(COUNT_CAP + 1).subquery()
    found = db.session.scalar(select(func.count()).select_from(some).execution_options(unlogged="a count")) or 0
    return min(found, COUNT_CAP), found > COUNT_CAP


def still_missing(run: FeedRun) -> int:
    """How many of the policies that the run marked are marked with it still."""
    mine = PolicyAbsence.run_id == run.id
    return db.session.scalar(select(func.count()).where(mine, PolicyAbsence.until.is_(None))) or 0


def absences_of(policy: Policy) -> Sequence[PolicyAbsence]:
    """When the policy was missing, the last time first (at most 100)."""
    return db.session.scalars(
        select(PolicyAbsence)
        .where(PolicyAbsence.policy_id == policy.id)
        .order_by(PolicyAbsence.since.desc(), PolicyAbsence.id.desc())
        .limit(100)
    ).all()


def marked_ids(run_id: str) -> Select[UUID]:
    """The policies that a run marked and that are marked by it still; none for what is no run's id."""
    ids = select(PolicyAbsence.policy_id).where(PolicyAbsence.until.is_(None))
    try:
        return ids.where(PolicyAbsence.run_id == UUID(run_id))
    except ValueError:
        return ids.where(false())


def marked_by(run_id: UUID) -> Sequence[tuple[PolicyAbsence, Policy]]:
    """What a run marked, with the policies as they are now (at most 100,000), by member."""
    rows = db.session.execute(
        select(PolicyAbsence, Policy)
        .join(Policy, (Policy.fmo_id == PolicyAbsence.fmo_id) & (Policy.id == PolicyAbsence.policy_id))
        .where(PolicyAbsence.run_id == run_id)
        .order_by(Policy.sort_key, Policy.id)
        .limit(MOST_EXPORTED)
    ).all()
    return [(absence, policy) for absence, policy in rows]
