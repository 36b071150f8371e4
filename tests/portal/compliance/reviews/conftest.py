"""A review in tests: entries that lie in its period, and the job done at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from portal.compliance.models import AccessEntry
from portal.compliance.reviews.models import Review, ReviewFinding
from portal.identity.models import User
from tasks.jobs import compute_review
from tests.portal.compliance.test_access import logged
from tests.support.world import World

PAGE = "/compliance/reviews"
Compute = Callable[..., list[ReviewFinding]]


def noon(days_ago: int) -> datetime:
    """A moment inside office hours, so many days ago."""
    return datetime.combine((datetime.now(UTC) - timedelta(days=days_ago)).date(), time(17, 0), UTC)


def did(store: Session, world: World, who: User, action: str, days_ago: int = 1, **values: Any) -> AccessEntry:
    """An entry of a person of Summit, about noon."""
    person = {"actor_id": who.id, "actor_name": who.name, "role": who.role.value, "business_id": who.business_id}
    return logged(store, world.summit, action=action, **{"at": noon(days_ago), **person, **values})


@pytest.fixture
def old_fmo(world: World, store: Session) -> World:
    """The world, there for a year: the first review looks 31 days back."""
    store.execute(text("UPDATE fmo SET created_at = now() - interval '1 year'"))
    store.commit()
    return world


@pytest.fixture
def compute(old_fmo: World, store: Session, client_for: Any) -> Compute:
    """Begin a review at Summit, or have the open one computed anew, do the job, and give its findings of `kind`."""
    officer = client_for(old_fmo.summit.compliance)

    def run(kind: str | None = None) -> list[ReviewFinding]:
        review = open_review(store, old_fmo)
        if review is None:
            officer.post(PAGE)
        else:
            officer.post(f"{PAGE}/{review.id}/compute")
        review = open_review(store, old_fmo)
        assert review is not None
        compute_review(str(review.fmo_id), str(review.id))
        return findings(store, review, kind)

    return run


def open_review(store: Session, world: World) -> Review | None:
    """Summit's review that is under way."""
    store.rollback()
    mine = (Review.fmo_id == world.summit.fmo.id, Review.signed_at.is_(None))
    return store.scalar(select(Review).where(*mine).execution_options(populate_existing=True))


def findings(store: Session, review: Review, kind: str | None = None) -> list[ReviewFinding]:
    """Its findings, of one kind where that is given, the oldest first."""
    store.rollback()
    query = select(ReviewFinding).where(ReviewFinding.review_id == review.id)
    found = store.scalars(
        query.order_by(ReviewFinding.first_at, ReviewFinding.key).execution_options(populate_existing=True)
    )
    return [one for one in found if kind in (None, one.kind)]
