"""Reading Businesses, their NPNs and their users."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, or_, select

from portal.businesses.agreements import AGREEMENTS, Agreement, judge
from portal.businesses.models import Business, BusinessNpn
from portal.core import clock
from portal.core.paging import Asked, Column, Listing, fetch
from portal.core.scope import Role
from portal.core.session import open_session
from portal.downline.keys import canonical_npn, name_key
from portal.extensions import db
from portal.identity import rules
from portal.identity.models import Invitation, User
from portal.identity.origin import scope_of

FILTERS = ("q", "sync")
SORTS = ("name", "synced")


def listing(asked: Asked) -> Listing[Business]:
    """One page of the Businesses; `q` is the beginning of a name, or an NPN."""
    # Never synced sorts as the oldest.
    never = func.coalesce(Business.synced_at, func.to_timestamp(0))
    sorts: dict[str, list[Column]] = {"name": [Business.name_key], "synced": [never, Business.name_key]}
    return fetch(_filtered(asked), asked, sorts, tie=Business.id)


def matching(asked: Asked, limit: int) -> Sequence[Business]:
    """Every Business that the filters of the list leave, by name; at most `limit`."""
    return db.session.scalars(_filtered(asked).order_by(Business.name_key, Business.id).limit(limit)).all()


def found(typed: str, limit: int) -> Sequence[Business]:
    """Businesses whose name begins with what was typed, or that have it as an NPN, by name; at most `limit`."""
    query = select(Business).where(_matches(typed)).order_by(Business.name_key, Business.id)
    return db.session.scalars(query.limit(limit)).all()


def _filtered(asked: Asked) -> Select[Business]:
    query = select(Business)
    if typed := asked.args.get("q"):
        query = query.where(_matches(typed))
    if (sync := asked.args.get("sync")) in ("on", "off"):
        query = query.where(Business.sync_enabled.is_(sync == "on"))
    return query


def _matches(typed: str) -> ColumnElement[bool]:
    by_name = func.starts_with(Business.name_key, name_key(typed))
    npn = canonical_npn(typed)
    if npn is None:
        return by_name
    has_npn = exists().where(
        BusinessNpn.fmo_id == Business.fmo_id,
        BusinessNpn.business_id == Business.id,
        BusinessNpn.npn == npn,
        BusinessNpn.until.is_(None),
    )
    return or_(by_name, has_npn)


def by_id(business_id: UUID) -> Business | None:
    """The Business with that id inside the scope, or None."""
    return db.session.scalar(select(Business).where(Business.id == business_id))


def by_ids(ids: Iterable[UUID]) -> dict[UUID, Business]:
    """Businesses by id, one statement."""
    wanted = set(ids)
    if not wanted:
        return {}
    return {one.id: one for one in db.session.scalars(select(Business).where(Business.id.in_(wanted)))}


def agreement(business: Business) -> Agreement:
    """How the Business's agreement stands today under the FMO's rule."""
    return agreement_of_any()(business)


def agreement_of_any() -> Callable[[Business], Agreement]:
    """The same for any number of Businesses, also such as are still to be made: the rule is read once."""
    rule, today = str(rules.value(AGREEMENTS)), clock.today()
    return lambda business: judge(business, today, rule)


def by_producer(producer_id: UUID) -> Business | None:
    """The Business that was provisioned from that record, or None."""
    return db.session.scalar(select(Business).where(Business.producer_id == producer_id))


def by_npn(npn: str) -> Sequence[Business]:
    """The Businesses that have `npn` today, by name."""
    having = select(BusinessNpn.business_id).where(BusinessNpn.npn == npn, BusinessNpn.until.is_(None))
    return db.session.scalars(
        select(Business).where(Business.id.in_(having)).order_by(Business.name_key, Business.id).limit(50)
    ).all()


def by_npns(npns: Iterable[str]) -> dict[str, list[Business]]:
    """The Businesses that have each of these NPNs today, by name; one statement. An NPN that none has is left out."""
    rows = db.session.execute(
        select(BusinessNpn.npn, Business)
        .join(Business, (Business.fmo_id == BusinessNpn.fmo_id) & (Business.id == BusinessNpn.business_id))
        .where(BusinessNpn.npn.in_(set(npns)), BusinessNpn.until.is_(None))
        .order_by(Business.name_key, Business.id)
    )
    found: dict[str, list[Business]] = {}
    for npn, business in rows:
        found.setdefault(npn, []).append(business)
    return found


def other_businesses_with(npn: str, *, than: UUID | None = None) -> Sequence[Business]:
    """The Businesses, except `than`, that have `npn` today: allowed, but it must be said and confirmed."""
    return [business for business in by_npn(npn) if business.id != than]


def npns_of(business_id: UUID) -> Sequence[BusinessNpn]:
    """The NPNs that the Business has today, oldest first."""
    return db.session.scalars(
        select(BusinessNpn)
        .where(BusinessNpn.business_id == business_id, BusinessNpn.until.is_(None))
        .order_by(BusinessNpn.since, BusinessNpn.id)
        .limit(500)
    ).all()


def open_npn(business_id: UUID, npn: str) -> BusinessNpn | None:
    """The open record of that NPN in the Business, or None."""
    return db.session.scalar(
        select(BusinessNpn).where(
            BusinessNpn.business_id == business_id, BusinessNpn.npn == npn, BusinessNpn.until.is_(None)
        )
    )


def find_npn(business_id: UUID, npn_id: UUID) -> BusinessNpn | None:
    """The open NPN of the Business with that id, or None."""
    return db.session.scalar(
        select(BusinessNpn).where(
            BusinessNpn.id == npn_id, BusinessNpn.business_id == business_id, BusinessNpn.until.is_(None)
        )
    )


def npns_by_business(ids: Iterable[UUID]) -> dict[UUID, list[str]]:
    """The open NPNs of each Business, oldest first, one statement."""
    wanted = set(ids)
    found: dict[UUID, list[str]] = {one: [] for one in wanted}
    rows = db.session.execute(
        select(BusinessNpn.business_id, BusinessNpn.npn)
        .where(BusinessNpn.business_id.in_(wanted), BusinessNpn.until.is_(None))
        .order_by(BusinessNpn.since, BusinessNpn.id)
    )
    for business_id, npn in rows:
        found[business_id].append(npn)
    return found


def users_of(business_id: UUID) -> Sequence[User]:
    """The users of the Business, those who may sign in first, then by name."""
    return db.session.scalars(
        select(User)
        .where(User.business_id == business_id)
        .order_by(User.state == "deactivated", User.last_name, User.first_name, User.id)
        .limit(500)
    ).all()


def goes_on(user: User) -> bool:
    """Whether this user of a Business was neither deactivated nor told to leave."""
    return user.state != "deactivated" and user.leaves_on is None


def without_admin(people: Iterable[User]) -> bool:
    """Whether somebody of these people goes on with the account, and nobody who does is an Administrator of it."""
    roles = {one.role for one in people if goes_on(one)}
    return bool(roles) and Role.AGENT_ADMIN not in roles


def is_only_admin(user: User) -> bool:
    """Whether nobody would decide about the other users of the user's account if this one were not there."""
    if user.business_id is None or user.role is not Role.AGENT_ADMIN:
        return False
    people = users_of(user.business_id)
    return not without_admin(people) and without_admin(one for one in people if one.id != user.id)


def brings(business_id: UUID, npn: str, email: str | None = None) -> User | None:
    """The user of the Business who brings that NPN, whether they may sign in or not; the first of several.

    With `email` the one who has that address.
    """
    return next((one for one in users_of(business_id) if one.npn == npn and email in (None, one.email)), None)


def find_user(business_id: UUID, user_id: UUID) -> User | None:
    """The user of that Business, or None."""
    return db.session.scalar(select(User).where(User.id == user_id, User.business_id == business_id))


def ever_active(user: User) -> bool:
    """Whether the user has signed in or accepted an invitation once, so that a password is there."""
    used = select(Invitation.id).where(Invitation.user_id == user.id, Invitation.used_at.is_not(None))
    return user.last_sign_in_at is not None or bool(db.session.scalar(select(used.exists())))


def never_invited(user: User) -> bool:
    """Whether the user waits for an invitation and none was made yet, since it hangs on a run."""
    made = select(Invitation.id).where(Invitation.user_id == user.id)
    return user.state == "invited" and not db.session.scalar(select(made.exists()))


def last_day_of(user_id: UUID | None) -> date | None:
    """The last day on which somebody who was off-boarded may sign in; None for everybody else."""
    return db.session.scalar(select(User.leaves_on).where(User.id == user_id))


def account_name(user: User) -> str | None:
    """The name of the user's account, read as they may read it; None for people of the FMO."""
    if user.business_id is None:
        return None
    with open_session(scope_of(user)) as work:
        return work.scalar(select(Business.name).where(Business.id == user.business_id))
