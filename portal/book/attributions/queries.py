"""Reading what was said by hand about writing agents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import select

from portal.book.attributions.models import HandAttribution
from portal.book.models import Policy
from portal.extensions import db

MOST = 2_000


def standing(identity: str) -> HandAttribution | None:
    """What holds for a policy of that identity, or None."""
    query = select(HandAttribution).where(HandAttribution.identity == identity, HandAttribution.ended_at.is_(None))
    return db.session.scalar(query)


def standing_of(identities: Iterable[str], *, to_change: bool = False) -> dict[str, HandAttribution]:
    """The same for many policies."""
    query = select(HandAttribution).where(
        HandAttribution.identity.in_(list(identities)), HandAttribution.ended_at.is_(None)
    )
    found = db.session.scalars(query.with_for_update() if to_change else query)
    return {one.identity: one for one in found}


def named(carrier: str, name: str, limit: int = 20) -> Sequence[HandAttribution]:
    """What was said before about policies whose file has that name, the last first."""
    query = select(HandAttribution).where(HandAttribution.carrier == carrier, HandAttribution.name_written == name)
    return db.session.scalars(query.order_by(HandAttribution.given_at.desc(), HandAttribution.id).limit(limit)).all()


def loose_policies(carrier: str, name: str) -> Sequence[Policy]:
    """Policies of the carrier without agent and identifier, whose file has exactly that name (at most 2,000)."""
    query = select(Policy).where(Policy.carrier == carrier, Policy.writer_name == name)
    loose = query.where(Policy.writing_npn.is_(None), Policy.writer_kind.is_(None))
    return db.session.scalars(loose.order_by(Policy.sort_key, Policy.id).limit(MOST)).all()


def policies(ids: Iterable[UUID]) -> Sequence[Policy]:
    """Policies by id."""
    return db.session.scalars(select(Policy).where(Policy.id.in_(list(ids))).order_by(Policy.id)).all()
