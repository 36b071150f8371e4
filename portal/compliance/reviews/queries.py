"""What the pages of the reviews show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select

from portal.compliance.reviews import registry, rules
from portal.compliance.reviews.models import FollowUp, Review, ReviewFinding, ReviewRules, WatchedMember
from portal.compliance.reviews.statements import standing as at_large
from portal.core import clock, scope
from portal.core.paging import Asked, Listing, fetch
from portal.extensions import db

MOST = 200
FIRST_LOOKS_BACK = timedelta(days=31)
DEAD = timedelta(minutes=10)  # a computing that takes longer is lost, and may be asked for again


@dataclass(frozen=True, slots=True)
class Standing:
    """How the FMO's reviews stand: the open one, the last one that was signed, and when the next must be."""

    open: Review | None
    last: Review | None
    due_at: datetime
    overdue: bool
    follow_ups: int


def due() -> tuple[datetime, int]:
    """Until when the next review must be signed, and the days between; asks for no more than the jobs may read."""
    until = db.session.scalar(select(func.max(Review.until_at)).where(Review.signed_at.is_not(None)))
    every = db.session.scalar(select(ReviewRules.every_days).where(ReviewRules.id == scope.fmo_id()))
    since = until or at_large.since(db.session(), scope.fmo_id())
    days = every or rules.Rules().every_days
    return since + timedelta(days=days), days


def standing() -> Standing:
    """How the reviews of the scope's FMO stand."""
    due_at, _ = due()
    still = select(func.count()).select_from(FollowUp).where(FollowUp.closed_at.is_(None))
    return Standing(open_one(), last_signed(), due_at, due_at < clock.now(), db.session.scalar(still) or 0)


def open_one() -> Review | None:
    """The review that is under way."""
    return db.session.scalar(select(Review).where(Review.signed_at.is_(None)))


def last_signed() -> Review | None:
    """The last one that was signed."""
    signed = select(Review).where(Review.signed_at.is_not(None)).order_by(Review.number.desc())
    return db.session.scalar(signed.limit(1))


def signed_since(moment: datetime) -> Sequence[Review]:
    """Those signed ones that ended after a moment."""
    return db.session.scalars(select(Review).where(Review.signed_at.is_not(None), Review.until_at > moment)).all()


def reviews() -> Sequence[Review]:
    """All of them, the newest first, at most 200."""
    return db.session.scalars(select(Review).order_by(Review.number.desc()).limit(MOST)).all()


def is_computing(review: Review) -> bool:
    """Whether its findings are being computed, as far as one can tell."""
    waits = review.computed_at is None or review.computed_at < review.asked_at
    return review.signed_at is None and waits and review.asked_at > clock.now() - DEAD


def is_open() -> ColumnElement[bool]:
    """Of a finding: nobody judged it yet, or there is more of it since."""
    return or_(ReviewFinding.disposition.is_(None), ReviewFinding.grown)


@dataclass(frozen=True, slots=True)
class OfKind:
    """The findings of one kind in figures."""

    name: str
    heading: str
    looks_for: str
    findings: int = 0
    open: int = 0
    follow_ups: int = 0
    incidents: int = 0


def by_kind(review: Review) -> list[OfKind]:
    """Every kind that is looked for, and every one of which something was found, with its figures."""

    def judged(disposition: str) -> ColumnElement[int]:
        return func.count().filter(and_(ReviewFinding.disposition == disposition, ~ReviewFinding.grown))

    counts = (func.count(), func.count().filter(is_open()), judged("follow_up"), judged("incident"))
    query = select(ReviewFinding.kind, *counts).where(ReviewFinding.review_id == review.id)
    found: dict[str, list[Any]] = {row[0]: [*row][1:] for row in db.session.execute(query.group_by(ReviewFinding.kind))}
    known = {kind.name: kind for kind in registry.kinds()}
    names = [*known, *sorted(set(found) - set(known))]
    return [
        OfKind(name, registry.heading(name), known[name].looks_for if name in known else "", *found.get(name, ()))
        for name in names
    ]


SORTS = {
    "kind": (ReviewFinding.kind, ReviewFinding.first_at),
    "day": (ReviewFinding.first_at,),
    "who": (ReviewFinding.actor_name, ReviewFinding.first_at),
    "entries": (ReviewFinding.entries,),
}
STATES = {"open": "To be judged", "fine": "Fine", "follow_up": "Follow up", "incident": "Incident"}


def findings(review: Review, asked: Asked) -> Listing[ReviewFinding]:
    """A page of the findings of `review` by the filters `kind`, `state` and `who`."""
    query = select(ReviewFinding).where(ReviewFinding.review_id == review.id)
    args = asked.args
    if kind := args.get("kind"):
        query = query.where(ReviewFinding.kind == kind)
    if (state := args.get("state")) in STATES:
        query = query.where(is_open() if state == "open" else and_(ReviewFinding.disposition == state, ~is_open()))
    if who := args.get("who"):
        query = query.where(func.lower(ReviewFinding.actor_name).contains(who.lower(), autoescape=True))
    listing = fetch(query, asked, SORTS, ReviewFinding.id)
    if kind:
        listing.chip("Kind", "kind", registry.heading(kind))
    if state in STATES:
        listing.chip("Judgement", "state", STATES[state])
    if who:
        listing.chip("Who", "who", who)
    return listing


def all_findings(review: Review) -> Sequence[ReviewFinding]:
    """Every finding, in the order in which they are signed."""
    query = select(ReviewFinding).where(ReviewFinding.review_id == review.id)
    order = (ReviewFinding.kind, ReviewFinding.first_at, ReviewFinding.id)
    return db.session.scalars(query.order_by(*order)).all()


def open_count(review: Review) -> int:
    """How many are still to be judged."""
    query = select(func.count()).select_from(ReviewFinding).where(ReviewFinding.review_id == review.id, is_open())
    return db.session.scalar(query) or 0


@dataclass(frozen=True, slots=True)
class ToDo:
    """A follow-up with the finding that it is about and that one's review."""

    follow_up: FollowUp
    finding: ReviewFinding
    number: int

    @property
    def late(self) -> bool:
        return self.follow_up.due_on < clock.today()


def follow_ups() -> list[ToDo]:
    """Those that are open, of whatever review, the ones due first at the top; at most 200."""
    query = (
        select(FollowUp, ReviewFinding, Review.number)
        .join(ReviewFinding, and_(ReviewFinding.fmo_id == FollowUp.fmo_id, ReviewFinding.id == FollowUp.finding_id))
        .join(Review, and_(Review.fmo_id == ReviewFinding.fmo_id, Review.id == ReviewFinding.review_id))
        .where(FollowUp.closed_at.is_(None))
        .order_by(FollowUp.due_on, FollowUp.id)
    )
    return [ToDo(*row) for row in db.session.execute(query.limit(MOST))]


def follow_ups_of(finding_ids: Sequence[UUID]) -> dict[UUID, FollowUp]:
    """The newest follow-up of each finding that has one."""
    query = select(FollowUp).where(FollowUp.finding_id.in_(finding_ids)).order_by(FollowUp.made_at, FollowUp.id)
    return {one.finding_id: one for one in db.session.scalars(query)}


def judged_follow_ups(findings: Sequence[ReviewFinding]) -> dict[UUID, FollowUp]:
    """Of each finding that is followed up, the follow-up with which its judgement began; whoever has it by now."""
    judged = {one.id: one.decided_at for one in findings}
    query = select(FollowUp).where(FollowUp.finding_id.in_(judged)).order_by(FollowUp.made_at, FollowUp.id)
    found: dict[UUID, FollowUp] = {}
    for one in db.session.scalars(query):
        decided_at = judged[one.finding_id]
        # It was made in the transaction that judged; a hand-over was asked for from a page that showed it made.
        if one.finding_id not in found or (decided_at is not None and one.made_at <= decided_at):
            found[one.finding_id] = one
    return found


def watched() -> Sequence[WatchedMember]:
    """The watch list: who is on it first, then who was, the newest first; at most 200."""
    order = (WatchedMember.removed_at.is_not(None), WatchedMember.added_at.desc(), WatchedMember.id)
    return db.session.scalars(select(WatchedMember).order_by(*order).limit(MOST)).all()
