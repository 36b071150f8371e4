"""Handing a follow-up over to another officer. What was signed goes on naming whom the judgement named.

The follow-up of the earlier officer is closed with the note and a new one begins, until the same day: who had it, and
why no longer, stays. A hand-over is told from other ends by its time: only what is handed over ends after the judgement
and has a follow-up after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from portal.compliance.reviews import events, queries
from portal.compliance.reviews.models import FollowUp, ReviewFinding
from portal.compliance.reviews.operations import NotDone
from portal.core import access, clock, scope
from portal.core.ids import new_id
from portal.core.models import table_of
from portal.extensions import db


def hand_over(finding: ReviewFinding, seen: UUID | None, *, to: tuple[UUID, str], note: str) -> None:
    """Let the officer `to` follow the finding up from now on; `seen` is the follow-up that was shown.

    Raises `NotDone` where it was closed or handed over after that: of two officers the first one's holds.
    """
    at_work = scope.current()
    mine = (FollowUp.id == seen, FollowUp.finding_id == finding.id, FollowUp.closed_at.is_(None))
    ends = {"closed_at": func.now(), "closed_by": at_work.actor_id, "closed_name": at_work.actor_name, "outcome": note}
    # Who clicks at the same moment waits here for the other one, and then finds it closed.
    ended = update(FollowUp).where(*mine, FollowUp.owner_id != to[0]).values(**ends).returning(FollowUp.due_on)
    due_on = db.session.execute(ended.execution_options(synchronize_session=False)).scalar_one_or_none()
    if due_on is None:
        raise NotDone(_why_not(finding, to))
    told = {"owner_id": to[0], "owner_name": to[1], "due_on": due_on}
    row = {"fmo_id": at_work.fmo_id, "id": new_id(), "finding_id": finding.id, **told}
    db.session.execute(insert(table_of(FollowUp)).values(row))
    access.record(
        events.HANDED_OVER, subject=finding, kind="review_finding", reason=note, finding=finding.kind, owner=str(to[0])
    )


def _why_not(finding: ReviewFinding, to: tuple[UUID, str]) -> str:
    now = queries.follow_ups_of([finding.id]).get(finding.id)
    if now is None or now.closed_at is not None:
        who = now.closed_name if now is not None else "Another officer"
        return f"{who} closed this follow-up after you opened the page. Nothing was handed over."
    if now.owner_id == to[0]:
        return f"{to[1]} follows this up already. Nothing was changed."
    return f"This follow-up was handed over to {now.owner_name} after you opened the page. Nothing was changed."


@dataclass(frozen=True, slots=True)
class HandOver:
    """That a follow-up went from one officer to another."""

    earlier: FollowUp
    later: FollowUp


def hand_overs(findings: Sequence[ReviewFinding]) -> dict[UUID, list[HandOver]]:
    """Of each finding, how its follow-up went from officer to officer since it was judged, the first one first."""
    judged = {one.id: one.decided_at for one in findings}
    query = select(FollowUp).where(FollowUp.finding_id.in_(judged)).order_by(FollowUp.made_at, FollowUp.id)
    last: dict[UUID, FollowUp] = {}
    found: dict[UUID, list[HandOver]] = {}
    for one in db.session.scalars(query):
        earlier, decided_at = last.get(one.finding_id), judged[one.finding_id]
        if earlier and earlier.closed_at and decided_at and earlier.closed_at > decided_at:
            found.setdefault(one.finding_id, []).append(HandOver(earlier, one))
        last[one.finding_id] = one
    return found


@dataclass(frozen=True, slots=True)
class Own:
    """How many follow-ups are the officer's own, how many of them late, and how many others handed to them."""

    open: int
    late: int
    handed: int


def own() -> Own:
    """The follow-ups of the officer at work."""
    me = scope.current().actor_id
    mine = [todo for todo in queries.follow_ups() if todo.follow_up.owner_id == me]
    came = hand_overs([todo.finding for todo in mine])
    late = sum(todo.follow_up.due_on < clock.today() for todo in mine)
    return Own(len(mine), late, sum(todo.finding.id in came for todo in mine))
