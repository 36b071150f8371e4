"""The page's rows: Businesses in the order of what is missing, and why it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on

from portal.businesses import queries as businesses
from portal.businesses.models import Business
from portal.core.clock import day
from portal.core.paging import Asked, Listing, listed, slice_of
from portal.extensions import db
from portal.sync import report
from portal.sync.models import SyncRun
from portal.sync.sums.tally import Account, Tally

SORTS = ("difference", "name")


@dataclass(frozen=True, slots=True)
class Line:
    """One Business with its figures and what explains the difference."""

    business: Business
    account: Account
    because: Sequence[str]


def accounts(tally: Tally, asked: Asked) -> Listing[Line]:
    """One page of the Businesses; those with the most missing first unless the URL asks for names."""
    named = db.session.execute(select(Business.id, Business.name_key).order_by(Business.name_key, Business.id)).all()
    lines = tally.by_account(row[0] for row in named)
    if asked.sort == "difference":
        lines.sort(key=lambda one: abs(one.difference), reverse=asked.direction == "desc")  # stable: then by name
    elif asked.direction == "desc":
        lines.reverse()
    return listed(_told(slice_of(lines, asked).items), len(lines), asked)


def _told(shown: Sequence[Account]) -> list[Line]:
    ids = [one.business_id for one in shown]
    found = businesses.by_ids(ids)
    last = _last_runs(ids)
    agreement_of = businesses.agreement_of_any()
    lines = []
    for one in shown:
        if (business := found.get(one.business_id)) is not None:
            blocked = agreement_of(business).blocked
            lines.append(Line(business, one, _because(business, one, last.get(business.id), blocked=blocked)))
    return lines


def _last_runs(ids: Iterable[UUID]) -> dict[UUID, SyncRun]:
    newest = (
        select(SyncRun)
        .where(SyncRun.business_id.in_(list(ids)))
        .ext(distinct_on(SyncRun.business_id))
        .order_by(SyncRun.business_id, SyncRun.requested_at.desc(), SyncRun.id.desc())
    )
    return {run.business_id: run for run in db.session.scalars(newest)}


def _because(business: Business, one: Account, last: SyncRun | None, *, blocked: bool) -> list[str]:
    told = []
    if one.astray:
        told.append(f"{one.astray:,} stand under an NPN that is not the account's")
    if one.removed:
        told.append(f"{one.removed:,} removed by the agent")
    if one.waiting > 0:
        told.append(f"{one.waiting:,} {_waits_for(business, last, blocked=blocked)}")
    return told


def _waits_for(business: Business, last: SyncRun | None, *, blocked: bool) -> str:
    if not business.sync_enabled:
        return "not copied: Policy Sync is not enabled"
    if last is not None and not report.is_over(last):
        return f"on their way: a run was asked for on {day(last.requested_at)}"
    if blocked:
        return "not copied: no agreement is in force"
    if last is not None and report.may_retry(last):
        how = "failed" if last.status == "failed" else "was cancelled"
        return f"not copied: the run of {day(last.requested_at)} {how}"
    if business.synced_at is None:
        return "waiting for the first run"
    return f"waiting for the next run; the last was on {day(business.synced_at)}"
