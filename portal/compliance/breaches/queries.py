"""Cases of wrong delivery."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from portal.compliance.breaches.models import BreachCase
from portal.extensions import db

SHOWN = 200


def cases() -> Sequence[BreachCase]:
    """The FMO's, open ones first, then the newest; at most 200."""
    closed = BreachCase.closed_at.is_not(None)
    query = select(BreachCase).order_by(closed, BreachCase.opened_at.desc(), BreachCase.id.desc())
    return db.session.scalars(query.limit(SHOWN)).all()


def open_cases() -> int:
    """How many are not closed."""
    query = select(func.count()).select_from(BreachCase).where(BreachCase.closed_at.is_(None))
    return db.session.scalar(query) or 0
