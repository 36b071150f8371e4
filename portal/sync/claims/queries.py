"""Reading claims. They hold numbers of policies, so they are loaded whole and enter the log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import undefer

from portal.book.models import Policy
from portal.connectors.normalise import number_key
from portal.core import clock, scope
from portal.core.paging import COUNT_CAP, Asked, Listing, fetch
from portal.extensions import db
from portal.sync.claims.models import PolicyClaim

FILTERS = ("state",)
SORTS = ("when",)
SHOWN, FOUND = 50, 200
PERIOD = timedelta(days=1)
NEWS_DAYS = 14


def listing(asked: Asked) -> Listing[PolicyClaim]:
    """One page of the FMO's queue, the oldest first: open claims unless the URL asks for the answered ones."""
    status = "answered" if asked.args.get("state") == "answered" else "open"
    query = select(PolicyClaim).where(PolicyClaim.status == status).options(undefer(PolicyClaim.verdict))
    return fetch(query, asked, {"when": [PolicyClaim.at]}, tie=PolicyClaim.id)


def of_account() -> Sequence[PolicyClaim]:
    """What the actor may see of the account's claims, the newest first, at most 50."""
    return db.session.scalars(
        select(PolicyClaim).order_by(PolicyClaim.at.desc(), PolicyClaim.id.desc()).limit(SHOWN)
    ).all()


def waiting(carrier: str, number: str) -> PolicyClaim | None:
    """The open claim of that carrier and number among those that the actor may see."""
    same = PolicyClaim.carrier == carrier, PolicyClaim.number_key == number_key(number)
    open_ones = select(PolicyClaim).where(*same, PolicyClaim.status == "open").order_by(PolicyClaim.at, PolicyClaim.id)
    return db.session.scalars(open_ones.limit(1)).first()


def told_lately() -> tuple[int, int]:
    """(answered, sent on and still open) in the last 14 days, among the claims that the actor may see."""
    since = clock.now() - timedelta(days=NEWS_DAYS)
    answered = func.count().filter(PolicyClaim.answered_at > since)
    sent_on = func.count().filter(PolicyClaim.sent_on_at > since, PolicyClaim.status == "open")
    query = select(answered, sent_on).select_from(PolicyClaim)
    row = db.session.execute(query.execution_options(unlogged="counts for the home page")).one()
    return int(row[0]), int(row[1])


def made_lately() -> int:
    """How many claims the actor has made in the last 24 hours."""
    counted = (
        select(func.count())
        .select_from(PolicyClaim)
        .where(PolicyClaim.by_id == scope.current().actor_id, PolicyClaim.at > clock.now() - PERIOD)
    )
    return db.session.scalar(counted.execution_options(unlogged="a count of one's own")) or 0


def open_ones() -> tuple[int, datetime | None]:
    """(how many claims wait, capped at 10,000; since when the oldest does)."""
    some = select(PolicyClaim.at).where(PolicyClaim.status == "open").order_by(PolicyClaim.at).limit(COUNT_CAP)
    held = some.subquery()
    row = db.session.execute(
        select(func.count(), func.min(held.c.at)).execution_options(unlogged="a count for the start page")
    ).one()
    return int(row[0]), row[1]


def in_book(claims: Iterable[PolicyClaim]) -> dict[UUID, list[Policy]]:
    """The book's policies with the carrier and number of each claim, by claim; one statement, at most 200 policies."""
    claimed = list(claims)
    if not claimed:
        return {}
    wanted = {(claim.carrier, claim.number_key) for claim in claimed}
    rows = db.session.scalars(
        select(Policy)
        .where(tuple_(Policy.carrier, Policy.number_key).in_(list(wanted)))
        .order_by(Policy.effective_date.desc(), Policy.id)
        .limit(FOUND)
    ).all()
    return {
        claim.id: [row for row in rows if (row.carrier, row.number_key) == (claim.carrier, claim.number_key)]
        for claim in claimed
    }
