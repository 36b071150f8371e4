"""Computing the findings of a review: a job, in the name of the officer who asked for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from portal.compliance.reviews import events, registry, rules
from portal.compliance.reviews import kinds as kinds  # registers what this room finds
from portal.compliance.reviews.models import Review, ReviewFinding
from portal.compliance.reviews.operations import LAG
from portal.compliance.reviews.registry import Found, Period
from portal.compliance.reviews.statements import acts
from portal.compliance.reviews.statements import standing as at_large
from portal.core import access
from portal.core.ids import new_id
from portal.core.models import table_of
from portal.core.scope import Login, Role, Scope
from portal.core.session import open_session
from portal.extensions import db

AT_ONCE = 500


def asker(fmo_id: UUID, review_id: UUID) -> Scope | None:
    """The scope of the officer who asked for it; None where the review is not there or is signed."""
    nobody = Scope(login=Login.COMPLIANCE, role=Role.SYSTEM, fmo_id=fmo_id, actor_name="Portal jobs")
    with open_session(nobody) as session:
        asked = select(Review.asked_by, Review.asked_name).where(Review.id == review_id, Review.signed_at.is_(None))
        row = session.execute(asked).one_or_none()
    if row is None:
        return None
    who = {"actor_id": row.asked_by, "actor_name": row.asked_name}
    return Scope(login=Login.COMPLIANCE, role=Role.COMPLIANCE, fmo_id=fmo_id, **who)


def compute(review_id: UUID) -> None:
    """Find everything there is to find up to now. What was found stays; of what was judged it is said where it grew."""
    session = db.session()
    asked = select(Review).where(Review.id == review_id, Review.signed_at.is_(None))
    review = session.scalar(asked)
    if review is None:
        return
    begun, by = at_large.now(session), rules.held()
    period = Period(session, review.fmo_id, review.id, review.from_at, max(review.until_at, begun - LAG), by)
    span = {"fmo_id": review.fmo_id, "begin": period.begin, "end": period.end}
    entries = acts.count(session, **span)  # before the search: what comes meanwhile is missed in the count, not hidden
    found = [(kind.name, one) for kind in registry.kinds() for one in kind.find(period)]
    # Only now: whoever judges or signs meanwhile is not held up by the search.
    locked = session.scalar(asked.with_for_update().execution_options(populate_existing=True))
    if locked is None:
        return
    new = sum(_keep(locked, some) for some in _in_parts(found))
    locked.until_at, locked.rules, locked.entries = period.end, asdict(by), entries
    locked.computed_at = max(begun, locked.asked_at)
    session.flush()
    access.record(
        events.COMPUTED,
        subject=locked,
        kind="review",
        number=locked.number,
        entries=locked.entries,
        findings=len(found),
        new=new,
    )


def _in_parts(found: Sequence[tuple[str, Found]]) -> Iterator[list[tuple[str, Found]]]:
    rest = iter(found)
    while some := list(islice(rest, AT_ONCE)):
        yield some


def _keep(review: Review, found: Sequence[tuple[str, Found]]) -> int:
    table = table_of(ReviewFinding)
    new = insert(table).values([_row(review, kind, one) for kind, one in found])
    now, before = new.excluded, table.c
    more: ColumnElement[bool] = now.entries > before.entries
    kept = new.on_conflict_do_update(
        index_elements=["fmo_id", "review_id", "kind", "key"],
        set_={
            **{
                name: now[name]
                for name in ("why", "first_at", "last_at", "entries", "member_ids", "figures", "filters")
            },
            "revision": before.revision + 1,
            "grown": before.grown | (before.disposition.is_not(None) & more),
        },
        # What a median has become since is no news about what was judged.
        where=or_(more, before.disposition.is_(None) & (before.why != now.why)),
    ).returning(before.revision)
    return sum(revision == 0 for revision in db.session.scalars(kept))


def _row(review: Review, kind: str, one: Found) -> dict[str, Any]:
    return {
        "fmo_id": review.fmo_id,
        "id": new_id(),
        "review_id": review.id,
        "kind": kind,
        "key": one.key,
        "why": one.why,
        "actor_id": one.actor_id,
        "actor_name": one.actor_name,
        "role": one.role,
        "day": one.day,
        "first_at": one.first_at,
        "last_at": one.last_at,
        "entries": one.entries,
        "member_ids": list(one.members),
        "figures": dict(one.figures),
        "filters": dict(one.filters),
        "found_at": func.now(),
    }
