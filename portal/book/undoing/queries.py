"""What undoing a run would do, read without changing anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import select

from portal.book import hooks
from portal.book.models import Connector, FeedRun, Policy
from portal.book.operations.connectors import blocked_kinds
from portal.book.statements import prints
from portal.book.undoing import statements
from portal.book.undoing.models import FeedUndo
from portal.businesses import queries as businesses
from portal.businesses.models import Business
from portal.core import scope
from portal.extensions import db

MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be taken back, and what no longer can be."""

    new: int
    changed: int
    moved: int  # of the changed: to another writing agent
    file: int
    writer: int
    member: int
    told: int
    later: str  # stands for the files that came after it: by them `told` may grow and shrink

    @property
    def free(self) -> int:
        """Policies that can be taken back."""
        return self.new + self.changed

    @property
    def stuck(self) -> int:
        """Policies that cannot."""
        return self.file + self.writer + self.member + self.told

    @property
    def digest(self) -> str:
        """Stands for the plan as it was shown.

        With the same files after it what is stuck only ever grows, so that equal counts are equal rows.
        """
        counts = (self.new, self.changed, self.moved, self.file, self.writer, self.member, self.told)
        return ".".join(map(str, (*counts, self.later)))


def known_of(run: FeedRun) -> dict[str, Any]:
    """What the statements need to know of a run."""
    return _known(run, [one.id for one in later_runs(run)])


def _known(run: FeedRun, later: list[UUID]) -> dict[str, Any]:
    carrier = db.session.scalar(select(Connector.carrier).where(Connector.id == run.connector_id)) or ""
    whose = {"carrier": carrier, "blocked": blocked_kinds(carrier)}
    return {"fmo": scope.fmo_id(), "run": run.id, "written": run.batch, "later": later, **whose}


def plan_of(run: FeedRun) -> Plan:
    """What undoing the run would do now."""
    known = known_of(run)
    return Plan(**statements.counts(known), later=sha256(repr(known["later"]).encode()).hexdigest()[:16])


def stuck_policies(run: FeedRun) -> list[tuple[Policy, str]]:
    """Policies that cannot be taken back, with why (at most 200)."""
    found = statements.some_stuck(known_of(run), MOST_SHOWN)
    policies = {one.id: one for one in db.session.scalars(select(Policy).where(Policy.id.in_([i for i, _ in found])))}
    return [(policies[policy_id], why) for policy_id, why in found if policy_id in policies]


def why_never(run: FeedRun) -> str | None:
    """Why this run cannot be undone at all, a sentence; None where it can."""
    if run.dry_run:
        return "This run only checked the file: there is nothing to undo."
    if run.status == "undone":
        return "This run was undone already."
    if run.status != "succeeded":
        return "This run changed nothing in the book: there is nothing to undo."
    if run.batch is None and (run.new or run.changed):
        return "This run was loaded before the portal kept what a run replaces, so it cannot be undone."
    later = _first_to_go(run)
    if later is not None:
        return (
            f"{later.file_name} of the same carrier was loaded after it and tells the same policies again."
            " Undo that run first."
        )
    return None


def _first_to_go(run: FeedRun) -> FeedRun | None:
    """The last later run, where nothing of this one is free because later files told all of it again."""
    later = later_runs(run)
    if not later:
        return None
    unknown = prints.without(scope.fmo_id(), [one.id for one in later])
    if unknown:  # nobody knows any more what it told, so it may be anything
        return next(one for one in later if one.id in unknown)
    plan = plan_of(run)
    if plan.free or not plan.stuck or plan.file + plan.told < plan.stuck:
        return None
    return next((one for one in later if statements.is_told(_known(run, [one.id]))), None)


def later_runs(run: FeedRun) -> Sequence[FeedRun]:
    """The runs of the same carrier that were loaded after this one and still stand, the last first."""
    carrier = select(Connector.carrier).where(Connector.id == run.connector_id).scalar_subquery()
    return db.session.scalars(
        select(FeedRun)
        .join(Connector, (Connector.fmo_id == FeedRun.fmo_id) & (Connector.id == FeedRun.connector_id))
        .where(Connector.carrier == carrier, FeedRun.status == "succeeded", FeedRun.dry_run.is_(False))
        .where(FeedRun.finished_at > run.finished_at, FeedRun.id != run.id)
        .order_by(FeedRun.finished_at.desc(), FeedRun.id.desc())
    ).all()


def last_order(run: FeedRun) -> FeedUndo | None:
    """The last time that somebody asked to undo the run."""
    mine = select(FeedUndo).where(FeedUndo.run_id == run.id)
    return db.session.scalar(mine.order_by(FeedUndo.asked_at.desc(), FeedUndo.id.desc()).limit(1))


def is_moving(run: FeedRun) -> bool:
    """Whether a worker is about to take the run back."""
    order = last_order(run)
    return order is not None and order.status == "queued"


def accounts_served(run: FeedRun) -> list[tuple[Business, int]]:
    """Each Business that undoing the run would take copies from, and how many; the most first."""
    served = hooks.served_by(known_of(run))
    known = businesses.by_ids([business_id for business_id, _ in served])
    return [(known[business_id], copies) for business_id, copies in served if business_id in known]
