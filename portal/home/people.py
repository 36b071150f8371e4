"""Who has access, for its recertification: users with their Businesses, in a few statements however many there are."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from portal.businesses import leaving
from portal.businesses.models import Business
from portal.compliance.recertification import people
from portal.compliance.recertification.people import NotWithdrawn, Person
from portal.core import clock, scope
from portal.core.scope import Scope
from portal.extensions import db
from portal.identity.factors import kinds
from portal.identity.models import User
from portal.identity.staff import asking, withdrawal
from portal.identity.staff import operations as staff


def everybody() -> Sequence[Person]:
    """All of the FMO at work whose sign-in is not closed."""
    join = (Business.fmo_id == User.fmo_id) & (Business.id == User.business_id)
    query = select(User, Business.name).outerjoin(Business, join).where(User.state != "deactivated")
    rows = db.session.execute(query.order_by(User.id)).all()
    factors = kinds.holders(scope.fmo_id())
    return [_person(user, business, user.id in factors) for user, business in rows if not _has_left(user)]


def _has_left(user: User) -> bool:
    return user.leaves_on is not None and user.leaves_on < clock.today()


def _person(user: User, business: str | None, has_factor: bool) -> Person:
    state = "locked" if user.suspended_at is not None else user.state
    own = (user.id, user.name, user.email, user.role.value, user.business_id, business, user.npn)
    return Person(*own, state, user.last_sign_in_at, has_factor)


def withdraw(user_id: UUID, by: Scope) -> None:
    """Close somebody's sign-in; raises `NotWithdrawn`."""
    try:
        withdrawal.withdraw(user_id, by=by)
    except staff.Refused as refused:
        raise NotWithdrawn(str(refused)) from refused


def follows(user_id: UUID) -> Sequence[str]:
    """What withdrawing somebody means for their account, or for the FMO on a day without its identity provider."""
    join = (Business.fmo_id == User.fmo_id) & (Business.id == User.business_id)
    found = db.session.execute(select(User, Business).outerjoin(Business, join).where(User.id == user_id)).one_or_none()
    if found is None:
        return []
    user, business = found
    sentences = [leaving.follows(business, user) if business else None]
    sentences.append(user.name + asking.LEFT_WITHOUT if asking.keeps_the_password(user) else None)
    return [one for one in sentences if one]


def register() -> None:
    """Tell the recertification."""
    people.register(everybody, withdraw, follows)
