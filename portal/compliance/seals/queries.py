"""What the officer's page tells of the chain of their FMO."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from portal.compliance.seals import anchor, statements
from portal.compliance.seals.chain import Link
from portal.compliance.seals.models import Seal, SealCheck
from portal.compliance.seals.scopes import chains, sealing
from portal.core import clock, scope
from portal.core.session import open_session
from portal.extensions import db

DEAD = timedelta(minutes=10)  # without a beat; its job is lost, or begins anew


@dataclass(frozen=True, slots=True)
class State:
    """The newest seal, what waits for one, and up to which seal the anchor goes (None: it cannot be read)."""

    newest: Seal | None
    waiting: int
    oldest: datetime | None
    anchored: int | None


def state() -> State:
    """How the chain stands now."""
    newest = db.session.scalar(select(Seal).order_by(Seal.n.desc()).limit(1))
    waiting, oldest = statements.waiting(db.session(), scope.fmo_id())
    try:
        line = anchor.last(scope.fmo_id())
        anchored = line.n if line else 0
    except OSError:
        anchored = None
    return State(newest, waiting, oldest, anchored)


@dataclass(frozen=True, slots=True)
class Figures:
    """Over all chains, for monitoring."""

    seals: int = 0
    waiting: int = 0
    oldest_seconds: float = 0
    faults: int = 0
    verified_seconds: float = -1  # of the chain whose verification is the longest ago


def figures() -> Figures:
    """How all chains stand; asked inside one chain's scope after another, as the wall demands."""
    told, now = Figures(), clock.now()
    never = False
    for chain in chains():
        with open_session(sealing(chain)) as session:
            newest = statements.newest(session, chain)
            waiting, oldest = statements.waiting(session, chain)
            over = select(SealCheck).where(SealCheck.ended_at.is_not(None)).order_by(SealCheck.ended_at.desc())
            last = session.scalars(over.limit(1)).first()
        never = never or last is None
        told = Figures(
            told.seals + (newest.n if newest else 0),
            told.waiting + waiting,
            max(told.oldest_seconds, (now - oldest).total_seconds() if oldest else 0),
            told.faults + (last.fault_count if last else 0),
            max(told.verified_seconds, (now - last.ended_at).total_seconds() if last and last.ended_at else 0),
        )
    return replace(told, verified_seconds=-1) if never else told


def seal_of(entry_id: UUID) -> Link | None:
    """The seal in which an entry of the officer's log stands; None while it waits for one."""
    return next(iter(statements.seals_of(db.session(), scope.fmo_id(), [entry_id])), None)


def checks() -> Sequence[SealCheck]:
    """The last verifications, newest first."""
    return db.session.scalars(
        select(SealCheck).order_by(SealCheck.begun_at.desc(), SealCheck.id.desc()).limit(10)
    ).all()


def under_way() -> SealCheck | None:
    """The verification that is waiting or running, if it lives."""
    living = (SealCheck.ended_at.is_(None), SealCheck.beat_at > clock.now() - DEAD)
    return db.session.scalar(select(SealCheck).where(*living).order_by(SealCheck.begun_at.desc()).limit(1))
