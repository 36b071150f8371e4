"""The FMO's own people, to be looked at and found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import case, select

from portal.core import clock
from portal.core.scope import STAFF_ROLES, Role
from portal.extensions import db
from portal.identity.factors import kinds
from portal.identity.models import Invitation, User
from portal.identity.staff.models import OfficerNotice

MOST = 500
NEWS = timedelta(days=30)
OWN_ROLES = (*STAFF_ROLES, Role.COMPLIANCE)


def people(roles: Sequence[Role]) -> Sequence[User]:
    """Everybody with one of these roles: by role, those who may sign in first, then by name."""
    order = case({role.value: place for place, role in enumerate(roles)}, value=User.role)
    query = select(User).where(User.role.in_(roles))
    return db.session.scalars(
        query.order_by(order, User.state == "deactivated", User.last_name, User.first_name, User.id).limit(MOST)
    ).all()


def find(user_id: UUID, roles: Sequence[Role], *, to_change: bool = False) -> User | None:
    """The person with one of these roles, or None. `to_change`: nobody else changes them until this one is done."""
    query = select(User).where(User.id == user_id, User.role.in_(roles))
    if to_change:
        query = query.with_for_update().execution_options(populate_existing=True)
    return db.session.scalar(query)


def with_second_factor(users: Iterable[User]) -> set[UUID]:
    """Which of them hold a second factor of some kind."""
    asked = list(users)
    if not asked:
        return set()
    with kinds.reading(asked[0]) as work:
        return {user.id for user in asked if kinds.held_by(work, user)}


def had_password(user: User) -> bool:
    """Whether the person has signed in or used an invitation once, so that a password is there."""
    used = select(Invitation.id).where(Invitation.user_id == user.id, Invitation.used_at.is_not(None))
    return user.last_sign_in_at is not None or bool(db.session.scalar(select(used.exists())))


@dataclass(frozen=True, slots=True)
class News:
    """One change of an officer's sign-in, for the officers' home."""

    officer: str
    what: str
    by: str | None
    at: datetime


def news() -> list[News]:
    """What happened to the officers in the last 30 days, the newest first; at most 20."""
    lately = select(OfficerNotice).where(OfficerNotice.at > clock.now() - NEWS)
    notices = db.session.scalars(lately.order_by(OfficerNotice.at.desc(), OfficerNotice.id.desc()).limit(20)).all()
    ids = {one.officer_id for one in notices} | {one.by_id for one in notices if one.by_id}
    names = {user.id: user.name for user in db.session.scalars(select(User).where(User.id.in_(ids)))}
    return [
        News(names.get(one.officer_id, "An officer"), one.what, names.get(one.by_id) if one.by_id else None, one.at)
        for one in notices
    ]
