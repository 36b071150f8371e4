"""Reading runs and requests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select

from portal.businesses import queries as businesses
from portal.businesses.models import Business, BusinessNpn
from portal.core import scope
from portal.core.paging import Asked, Listing, fetch
from portal.core.unseen import unseen
from portal.crm.models import CrmPolicy
from portal.downline.models import Producer
from portal.extensions import db
from portal.sync.models import ResyncRequest, SyncRun
from portal.sync.statements import account, gaps
from portal.sync.statements.source import open_npns

FILTERS = ("state", "why")
SORTS = ("when",)


def listing(asked: Asked) -> Listing[SyncRun]:
    """One page of all runs, by when they were asked for."""
    query = select(SyncRun)
    if state := asked.args.get("state"):
        query = query.where(SyncRun.status == state)
    if why := asked.args.get("why"):
        query = query.where(SyncRun.reason == why)
    return fetch(query, asked, {"when": [SyncRun.requested_at]}, tie=SyncRun.id)


def latest(business_id: UUID, limit: int = 5) -> Sequence[SyncRun]:
    """The Business's last runs, newest first: the open one, then by their ends, which come one after the other."""
    return db.session.scalars(
        select(SyncRun)
        .where(SyncRun.business_id == business_id)
        .order_by(SyncRun.finished_at.desc().nulls_first(), SyncRun.id.desc())
        .limit(limit)
    ).all()


def later(run: SyncRun) -> SyncRun | None:
    """The newest run of the Business, where that is another one than `run`."""
    newest = next(iter(latest(run.business_id, 1)), run)
    return None if newest.id == run.id else newest


def accounts_of(producer_id: UUID) -> Sequence[Business]:
    """The Businesses that were provisioned from a record or have its NPN, by name; at most 20."""
    served = (
        select(BusinessNpn.business_id)
        .join(Producer, (Producer.fmo_id == BusinessNpn.fmo_id) & (Producer.npn == BusinessNpn.npn))
        .where(Producer.id == producer_id, BusinessNpn.until.is_(None))
    )
    return db.session.scalars(
        select(Business)
        .where(or_(Business.producer_id == producer_id, Business.id.in_(served)))
        .order_by(Business.name_key, Business.id)
        .limit(20)
    ).all()


def runs_of_activity(activity_id: UUID) -> Sequence[SyncRun]:
    """The run that an activity started, and its retries, newest first."""
    return db.session.scalars(
        select(SyncRun)
        .where(SyncRun.activity_id == activity_id)
        .order_by(SyncRun.requested_at.desc(), SyncRun.id.desc())
        .limit(10)
    ).all()


def by_ids(run_ids: Iterable[UUID]) -> dict[UUID, SyncRun]:
    """The runs by their ids; those that are not there are left out."""
    query = select(SyncRun).where(SyncRun.id.in_(list(run_ids)))
    return {run.id: run for run in db.session.scalars(query)}


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """An agent's open "Ask for a re-sync"."""

    business_id: UUID
    business_name: str
    asked_by: str
    asked_at: datetime


def open_requests(limit: int = 20) -> list[OpenRequest]:
    """What agents wait for, oldest first."""
    waiting = db.session.scalars(
        select(ResyncRequest)
        .where(ResyncRequest.answered_at.is_(None))
        .order_by(ResyncRequest.asked_at, ResyncRequest.id)
        .limit(limit)
    ).all()
    names = businesses.by_ids(request.business_id for request in waiting)
    return [
        OpenRequest(one.business_id, names[one.business_id].name, one.asked_by, one.asked_at)
        for one in waiting
        if one.business_id in names
    ]


def request_of(business_id: UUID) -> ResyncRequest | None:
    """The Business's open request, or None."""
    return db.session.scalar(
        select(ResyncRequest).where(ResyncRequest.business_id == business_id, ResyncRequest.answered_at.is_(None))
    )


def gaps_of(business_id: UUID) -> list[dict[str, Any]]:
    """What `gaps.find` tells of further NPNs of the account's people, most policies first."""
    fmo_id = scope.fmo_id()
    with unseen("count"):
        return gaps.find(fmo_id, open_npns(fmo_id, business_id))


def holds(business_id: UUID) -> dict[str, int]:
    """`policies` that the account shows now, and the `contacts` that they belong to."""
    with unseen("count"):
        return account.today(db.session(), scope.fmo_id(), business_id)


def policies_under(business_id: UUID, npn: str) -> int:
    """How many policies of the account stand under one of its NPNs."""
    counted = (
        select(func.count())
        .select_from(CrmPolicy)
        .where(CrmPolicy.business_id == business_id, CrmPolicy.npn == npn, CrmPolicy.released_at.is_(None))
    )
    with unseen("count"):
        return db.session.scalar(counted.execution_options(unlogged="a count")) or 0
