"""Taking runs back in tests, as an admin orders it and a worker does it; and what the book says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.book.models import FeedRun, Member, MemberKey, Policy, PolicyWriter
from portal.book.undoing import operations, queries
from portal.book.undoing.models import FeedUndo
from portal.core import access, scope
from portal.core.scope import Role
from portal.extensions import db
from portal.identity.models import Fmo
from tests.portal.book.conftest import jobs_scope
from tests.support.people import acting

Undo = Callable[..., FeedUndo]
_PASSING = {"id", "created_at", "updated_at", "batch", "revision", "first_run_id"}


def order(app: Flask, fmo: Fmo, run: FeedRun, *, partly: bool = False, shown: str | None = None) -> UUID:
    """An admin's order, committed."""
    with acting(app, Role.FMO_ADMIN, fmo):
        mine = db.session.scalars(select(FeedRun).where(FeedRun.id == run.id)).one()
        digest = shown or queries.plan_of(mine).digest
        made = operations.order(mine, shown=digest, partly=partly, by=scope.current())
        access.write_entries()
        db.session.commit()
        return made.id


def work_off(app: Flask, fmo: Fmo, order_id: UUID) -> None:
    """What the worker does."""
    with app.app_context(), scope.acting(jobs_scope(fmo)):
        operations.undo_feed(order_id)
        access.write_entries()
        db.session.commit()


def content(store: Session, fmo: Fmo) -> dict[str, Any]:
    """What the book says: policies with members and open intervals, whoever has which row id."""
    store.rollback()
    store.expire_all()
    mine = store.scalars(select(Policy).where(Policy.fmo_id == fmo.id)).all()
    members = {one.id: one for one in store.scalars(select(Member).where(Member.fmo_id == fmo.id))}
    still_open = select(PolicyWriter).where(PolicyWriter.fmo_id == fmo.id, PolicyWriter.until.is_(None))
    writers = {one.policy_id: one for one in store.scalars(still_open)}
    keys = [(one.member_id, one.kind, one.value) for one in store.scalars(select(MemberKey))]
    return {
        "policies": {one.identity: (one.id, _values(one)) for one in mine},
        "members": {one.member_id: _values(members[one.member_id]) for one in mine},
        "writers": {key: (w.npn, w.source, w.run_id, w.written_from, w.written_to) for key, w in writers.items()},
        "keys": sorted(key for key in keys if key[0] in {one.member_id for one in mine}),
    }


def _values(row: Any) -> dict[str, Any]:
    return {c.key: getattr(row, c.key) for c in row.__table__.columns if c.key not in _PASSING}
