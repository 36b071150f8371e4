"""Requests for an accounting, and deliveries that wait for a judgement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, cast, func, select

from portal.compliance import subjects
from portal.compliance.disclosures import words
from portal.compliance.disclosures.models import POSSIBLE, AccountingRequest, Misdelivery
from portal.core import clock
from portal.extensions import db

SHOWN = 200
YEAR = timedelta(days=365)


def requests() -> Sequence[AccountingRequest]:
    """The FMO's, those without an answer first by the day they are due, then the newest; at most 200."""
    answered = AccountingRequest.answered_on
    order = (answered.is_not(None), answered.desc(), AccountingRequest.due_on, AccountingRequest.id)
    return db.session.scalars(select(AccountingRequest).order_by(*order).limit(SHOWN)).all()


def waiting_requests() -> int:
    """How many have no answer yet."""
    query = select(func.count()).select_from(AccountingRequest).where(AccountingRequest.answered_on.is_(None))
    return db.session.scalar(query) or 0


def requests_of(member_id: UUID) -> Sequence[AccountingRequest]:
    """A member's, newest first."""
    query = select(AccountingRequest).where(AccountingRequest.member_id == member_id)
    return db.session.scalars(query.order_by(AccountingRequest.received_on.desc(), AccountingRequest.id.desc())).all()


def is_first_of_year(asked: AccountingRequest) -> bool:
    """Whether the member asked for none in the twelve months before: it must then be free of charge (164.528(c)(2))."""
    before = select(AccountingRequest.id).where(
        AccountingRequest.member_id == asked.member_id,
        AccountingRequest.id != asked.id,
        AccountingRequest.received_on.between(asked.received_on - YEAR, asked.received_on),
        AccountingRequest.id < asked.id,
    )
    return db.session.scalar(before.limit(1).execution_options(unlogged="whether there is one")) is None


def state(asked: AccountingRequest) -> tuple[str, str]:
    """How a request stands, in a word and its tone."""
    if asked.answered_on is not None:
        late = asked.answered_on > asked.due_on
        return ("Answered late", "warn") if late else ("Answered", "good")
    left = (asked.due_on - clock.today()).days
    if left < 0:
        return f"{-left} day{'' if left == -1 else 's'} overdue", "bad"
    return (f"Due in {left} day{'' if left == 1 else 's'}" if left else "Due today"), "warn" if left <= 10 else "info"


@dataclass(frozen=True, slots=True)
class Group:
    """Deliveries that one change of the book made doubtful: one account, one cause, one pair of NPNs."""

    id: UUID  # of any of them
    recipient: str
    found_at: datetime
    cause: str
    npn: str
    new_npn: str | None
    policies: int
    members: int
    verdict: tuple[str, str]


_KEY = (Misdelivery.recipient_id, Misdelivery.found_at, Misdelivery.cause, Misdelivery.npn, Misdelivery.new_npn)
_UNLOGGED = "counts of deliveries, without their members"


def groups(verdict: str | None) -> list[Group]:
    """At most 200 groups, newest first; those of one verdict, or all."""
    query = select(
        *_KEY,
        Misdelivery.verdict,
        func.min(cast(Misdelivery.id, Text)).label("first"),
        func.count().label("policies"),
        func.count(Misdelivery.member_id.distinct()).label("members"),
    ).group_by(*_KEY, Misdelivery.verdict)
    if verdict:
        query = query.where(Misdelivery.verdict == verdict)
    query = query.order_by(Misdelivery.found_at.desc()).limit(SHOWN)
    rows = db.session.execute(query.execution_options(unlogged=_UNLOGGED)).all()
    names = subjects.names("business", {row.recipient_id for row in rows})
    return [_group(row, names) for row in rows]


def _group(row: Any, names: dict[UUID, str]) -> Group:
    named = names.get(row.recipient_id, str(row.recipient_id))
    cause = words.CAUSES.get(row.cause, row.cause)
    verdict = words.VERDICTS[row.verdict]
    return Group(UUID(row.first), named, row.found_at, cause, row.npn, row.new_npn, row.policies, row.members, verdict)


def waiting_doubts() -> int:
    """How many deliveries wait for a judgement."""
    query = select(func.count()).select_from(Misdelivery).where(Misdelivery.verdict == POSSIBLE)
    return db.session.scalar(query.execution_options(unlogged=_UNLOGGED)) or 0


def _alike(one: Misdelivery) -> list[ColumnElement[bool]]:
    return [column.is_not_distinct_from(getattr(one, column.key)) for column in _KEY]


def count_like(one: Misdelivery, verdict: str | None = None) -> int:
    """How many deliveries are in the group of `one`."""
    query = select(func.count()).select_from(Misdelivery).where(*_alike(one))
    if verdict:
        query = query.where(Misdelivery.verdict == verdict)
    return db.session.scalar(query.execution_options(unlogged=_UNLOGGED)) or 0


def like(one: Misdelivery, limit: int = SHOWN) -> Sequence[Misdelivery]:
    """The deliveries of the group of `one`, those that wait first."""
    order = (Misdelivery.verdict != POSSIBLE, Misdelivery.id)
    return db.session.scalars(select(Misdelivery).where(*_alike(one)).order_by(*order).limit(limit)).all()


def waiting_like(one: Misdelivery) -> Sequence[Misdelivery]:
    """All of the group that wait."""
    query = select(Misdelivery).where(*_alike(one), Misdelivery.verdict == POSSIBLE)
    return db.session.scalars(query.order_by(Misdelivery.id).with_for_update()).all()
