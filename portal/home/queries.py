"""What the FMO's start page asks that no room below asks already: counts, and rows that are nobody's health data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import aliased

from portal.book.drift.models import ColumnDrift
from portal.book.models import FeedRun, HeldChange, Policy
from portal.businesses.models import Business
from portal.core import clock
from portal.core.unseen import unseen
from portal.downline.models import Producer
from portal.extensions import db
from portal.identity.models import Invitation, User
from portal.sync.models import SyncRun

NAMED = 5
LATELY = timedelta(days=14)
PATIENCE = timedelta(days=3)  # until an invitation that nobody used needs somebody


@dataclass(frozen=True, slots=True)
class Named:
    """The newest rows by name, at most five, and how many there are in all."""

    first: Sequence[Any]
    total: int


def failed_feeds() -> Named:
    """Feed runs that failed in the last 14 days, were not rejected, and whose file has not been loaded since."""
    later = aliased(FeedRun)
    repaired = exists().where(
        later.fmo_id == FeedRun.fmo_id,
        later.sha256 == FeedRun.sha256,
        later.requested_at > FeedRun.requested_at,
        later.status != "failed",
    )
    rejected = exists().where(
        HeldChange.fmo_id == FeedRun.fmo_id, HeldChange.subject_id == FeedRun.id, HeldChange.status == "rejected"
    )
    refused = exists().where(
        ColumnDrift.fmo_id == FeedRun.fmo_id, ColumnDrift.run_id == FeedRun.id, ColumnDrift.status == "rejected"
    )
    lately = FeedRun.requested_at > clock.now() - LATELY
    query = select(FeedRun).where(FeedRun.status == "failed", lately, ~repaired, ~rejected, ~refused)
    return _named(query, FeedRun.requested_at.desc(), FeedRun.id)


def failed_syncs() -> Named:
    """(run, Business) of sync runs that failed and after which none was started for the same Business."""
    later = aliased(SyncRun)
    repaired = exists().where(
        later.fmo_id == SyncRun.fmo_id,
        later.business_id == SyncRun.business_id,
        later.requested_at > SyncRun.requested_at,
    )
    query = (
        select(SyncRun, Business)
        .join(Business, (Business.fmo_id == SyncRun.fmo_id) & (Business.id == SyncRun.business_id))
        .where(SyncRun.status == "failed", ~repaired)
    )
    return _named(query, SyncRun.requested_at.desc(), SyncRun.id)


def unused_invitations() -> Named:
    """(user, Business, when mailed or None) of people whose last invitation is three days old, unused."""
    age = func.coalesce(func.max(Invitation.sent_at), func.max(Invitation.created_at))
    mailed = select(func.max(Invitation.sent_at)).where(Invitation.fmo_id == User.fmo_id, Invitation.user_id == User.id)
    query = (
        select(User, Business, mailed.correlate(User).scalar_subquery())
        .join(Business, (Business.fmo_id == User.fmo_id) & (Business.id == User.business_id))
        .where(User.state == "invited")
        .where(mailed.with_only_columns(age).correlate(User).scalar_subquery() < clock.now() - PATIENCE)
    )
    return _named(query, User.created_at.desc(), User.id)


def policies_by_status() -> list[tuple[str, int]]:
    """(canonical status, policies) of the book, the most frequent first."""
    counted = select(Policy.status, func.count()).group_by(Policy.status).order_by(func.count().desc(), Policy.status)
    with unseen("count"):
        rows = db.session.execute(counted.execution_options(unlogged="a figure of the start page")).all()
    return [(row[0], row[1]) for row in rows]


def downline_counts() -> dict[str, int]:
    """How many active agents ("agent") and agencies ("agency") there are, and Businesses ("business")."""
    kinds = select(Producer.kind, func.count()).where(Producer.active).group_by(Producer.kind)
    found = {row[0]: row[1] for row in db.session.execute(kinds)}
    found["business"] = db.session.scalar(select(func.count()).select_from(Business)) or 0
    return found


def _named(query: Select[*tuple[Any, ...]], *order: Any) -> Named:
    rows = db.session.execute(query.order_by(*order).limit(NAMED)).all()
    first = [row[0] if len(row) == 1 else tuple(row) for row in rows]
    if len(first) < NAMED:
        return Named(first, len(first))
    counted = query.with_only_columns(func.count(), maintain_column_froms=True)
    return Named(first, db.session.scalar(counted) or 0)
