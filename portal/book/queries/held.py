"""Held changes, and whom each concerns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select

from portal.book import limits
from portal.book.effect import Effect
from portal.book.models import OF_FILES, FeedRun, HeldChange, Policy
from portal.businesses.models import Business, BusinessNpn
from portal.core.paging import Asked, Column, Listing, fetch
from portal.core.scope import Role
from portal.extensions import db
from portal.identity.models import User

HELD_FILTERS = ("state",)
_WAITING = HeldChange.status == "waiting"
# By whoever asked; of a file that looks cut off that is a decision like anybody's.
_WITHDRAWN = (HeldChange.kind != "shrunk_file") & (func.coalesce(HeldChange.decided_by == HeldChange.asked_by, False))


class Account(NamedTuple):
    """What one Business gains and loses."""

    business: Business
    gains: int
    loses: int


def held_listing(asked: Asked) -> Listing[HeldChange]:
    """One page of held changes; those that wait stand together."""
    query = select(HeldChange)
    if state := asked.args.get("state"):
        query = query.where(HeldChange.status == ("rejected" if state == "withdrawn" else state))
    if state in ("rejected", "withdrawn"):
        query = query.where(_WITHDRAWN if state == "withdrawn" else ~_WITHDRAWN)
    sorts: dict[str, list[Column]] = {"when": [_WAITING, HeldChange.asked_at]}
    return fetch(query, asked, sorts, tie=HeldChange.id)


def waiting_changes() -> Sequence[HeldChange]:
    """What waits for a second admin, oldest first (at most 100)."""
    return db.session.scalars(
        select(HeldChange).where(_WAITING).order_by(HeldChange.asked_at, HeldChange.id).limit(100)
    ).all()


def held_of(run: FeedRun) -> HeldChange | None:
    """The last time that the run's file was held, or None."""
    held = select(HeldChange).where(HeldChange.subject_id == run.id, HeldChange.kind.in_(OF_FILES))
    return db.session.scalar(held.order_by(HeldChange.asked_at.desc(), HeldChange.id.desc()).limit(1))


def accounts_concerned(effect: Effect, decided_at: datetime | None) -> list[Account]:
    """The Businesses that gain or lose by the NPNs that they have, or had at `decided_at`; the most concerned first."""
    npns = sorted({npn for old, new, _ in effect.pairs for npn in (old, new) if npn})
    rows = db.session.execute(
        select(Business, BusinessNpn.npn)
        .join(BusinessNpn, (BusinessNpn.fmo_id == Business.fmo_id) & (BusinessNpn.business_id == Business.id))
        .where(_had(decided_at), BusinessNpn.npn.in_(npns))
    )
    having: dict[UUID, tuple[Business, set[str]]] = {}
    for business, npn in rows:
        having.setdefault(business.id, (business, set()))[1].add(npn)
    found = [Account(business, *effect.between_sets(mine)) for business, mine in having.values()]
    concerned = [one for one in found if one.gains or one.loses]
    return sorted(concerned, key=lambda one: (-one.gains - one.loses, one.business.name_key))


def _had(moment: datetime | None) -> ColumnElement[bool]:
    if moment is None:
        return BusinessNpn.until.is_(None)
    return (BusinessNpn.since <= moment) & or_(BusinessNpn.until.is_(None), BusinessNpn.until > moment)


def other_admins(than: UUID | None) -> int:
    """How many active admins the FMO has besides `than`."""
    admins = select(func.count()).select_from(User).where(User.role == Role.FMO_ADMIN, User.state == "active")
    return db.session.scalar(admins.where(User.id != than) if than else admins) or 0


def attribution_that_waits(carrier: str, npn: str, policies: int) -> Effect | None:
    """What giving so many policies of the carrier that nobody has to `npn` would do, where it would be held."""
    mine = select(func.count()).select_from(Policy).where(Policy.carrier == carrier)
    base = db.session.scalar(mine.execution_options(unlogged="a count")) or 0
    effect = Effect(((None, npn, policies),) if policies else (), base, "")
    return effect if limits.exceeded(effect) else None
