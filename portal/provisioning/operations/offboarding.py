"""[Agent CRM] Off-board Agent: everything that ends when somebody leaves, in one transaction, with a list of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import select

from portal.activities import operations as activities
from portal.activities.models import Activity
from portal.businesses import hooks
from portal.businesses import operations as businesses
from portal.businesses import queries as accounts
from portal.businesses.models import Business, BusinessNpn
from portal.core import clock
from portal.core.scope import AGENT_ROLES, Role, Scope
from portal.core.words import counted
from portal.downline.models import Producer
from portal.downline.operations.producers import details_of, edit_producer
from portal.extensions import db
from portal.identity import sessions
from portal.identity.models import User
from portal.provisioning.operations.moving import close_if_empty

OFFBOARD = "crm_offboard"


@dataclass(frozen=True, slots=True)
class Held:
    """One account that has the NPN today."""

    business: Business
    policies: int
    emptied: bool  # it has no other NPN
    headless: bool  # others stay in it, and no Administrator among them


@dataclass(frozen=True, slots=True)
class Ahead:
    """What off-boarding would end."""

    held: Sequence[Held]
    people: Sequence[User]  # who bring the NPN and are not deactivated yet

    @property
    def policies(self) -> int:
        """Over all accounts."""
        return sum(one.policies for one in self.held)

    @property
    def state(self) -> str:
        """What changes whenever somebody else off-boards, moves or changes one of them."""
        held = sorted(str(one.business.id) for one in self.held)
        people = sorted(f"{one.id} {one.state} {one.leaves_on} {one.business_id}" for one in self.people)
        return sha256("|".join([*held, "", *people]).encode()).hexdigest()


@dataclass(slots=True)
class Tally:
    """What was done, as the activity keeps it."""

    accounts: list[dict[str, Any]] = field(default_factory=list)  # id, name, policies, sync_off
    users: list[dict[str, Any]] = field(default_factory=list)  # name, business, what, narrowed
    sessions: int = 0
    invitations: int = 0
    inactive: bool = False

    @property
    def policies(self) -> int:
        """How many copies were released."""
        return sum(int(one["policies"]) for one in self.accounts)

    def __bool__(self) -> bool:
        return bool(self.accounts or self.users or self.inactive)


def ahead(producer: Producer) -> Ahead:
    """What off-boarding the record would end; changes nothing."""
    held = [
        Held(
            one,
            hooks.policies_under(one.id, producer.npn) or 0,
            all(npn.npn == producer.npn for npn in accounts.npns_of(one.id)),
            _headless(one, producer.npn),
        )
        for one in accounts.by_npn(producer.npn)
    ]
    return Ahead(held, _people(producer.npn))


def _headless(business: Business, npn: str) -> bool:
    return accounts.without_admin(_staying(business, npn))


def _people(npn: str) -> Sequence[User]:
    query = select(User).where(User.npn == npn, User.role.in_(AGENT_ROLES), User.state != "deactivated")
    return db.session.scalars(query.order_by(User.last_name, User.id).execution_options(populate_existing=True)).all()


def off_board(
    producer: Producer, *, reason: str, until: date | None, inactive: bool, by: Scope
) -> tuple[Tally, Activity] | None:
    """End the NPN everywhere, release its copies, and close the sign-ins of who bring it; None where nothing is left.

    With `until` those who have a password may sign in up to that day, to take their own data with them: in an account
    that others share they see no more than is their own. A second call finds nothing to do and does nothing.
    """
    db.session.execute(  # of two who press at once the second waits, and finds it done
        select(Producer.id).where(Producer.id == producer.id).with_for_update()
    )
    db.session.refresh(producer)
    tally = Tally()
    closed = _end_npns(producer, tally, by)
    for user in _people(producer.npn):
        _see_off(user, until, tally, by)
    for business in closed:
        if close_if_empty(business, by=by):
            next(one for one in tally.accounts if one["id"] == str(business.id))["sync_off"] = True
    if inactive and producer.active:
        edit_producer(producer, details_of(producer, active=False), by=by)
        tally.inactive = True
    return (tally, _log(producer, tally, reason, until, by)) if tally else None


def _end_npns(producer: Producer, tally: Tally, by: Scope) -> list[Business]:
    still_open = (BusinessNpn.npn == producer.npn, BusinessNpn.until.is_(None))
    query = select(BusinessNpn).where(*still_open).order_by(BusinessNpn.business_id).with_for_update()
    ended = db.session.scalars(query.execution_options(populate_existing=True)).all()
    found = accounts.by_ids(one.business_id for one in ended)
    for one in ended:
        released = businesses.end_npn(one, by=by)
        business = found[one.business_id]
        tally.accounts.append({"id": str(business.id), "name": business.name, "policies": released, "sync_off": False})
    return list(found.values())


def _see_off(user: User, until: date | None, tally: Tally, by: Scope) -> None:
    """Close the sign-in now, or on its last day; an invitation that nobody accepted has nothing to take along."""
    business = accounts.by_id(user.business_id) if user.business_id else None
    told = {"name": user.name, "business": business.name if business else "", "until": None, "narrowed": False}
    if until is None or user.state == "invited":
        tally.invitations += businesses.deactivate(user, by=by)
    else:
        changed = businesses.let_leave(user, until, by=by)
        told |= {"until": until.isoformat(), "narrowed": _narrow(user, business, by)}
        if not (changed or told["narrowed"]):
            return
    tally.sessions += sessions.end_all_of(user.id)
    tally.users.append(told)


def _narrow(user: User, business: Business | None, by: Scope) -> bool:
    """Who leaves an account that others go on with sees their own part of it until then, whatever their role was."""
    if business is None or not (accounts.npns_of(business.id) or _staying(business, user.npn)):
        return False
    return businesses.set_role(user, Role.AGENT_LIMITED, reason=None, by=by)


def _staying(business: Business, leaving: str | None) -> Sequence[User]:
    """Whom of the account another NPN brings, and who goes on with it."""
    people = accounts.users_of(business.id)
    return [one for one in people if one.npn != leaving and one.state != "deactivated" and one.leaves_on is None]


def _log(producer: Producer, tally: Tally, reason: str, until: date | None, by: Scope) -> Activity:
    policies = counted(tally.policies, "policy", "policies")
    places = counted(len(tally.accounts), "account")
    people = counted(len(tally.users), "user")
    last = f" after {clock.day(until)}" if until else ""
    sentence = (
        f"Off-boarded {producer.name} (NPN {producer.npn}): {policies} left {places},"
        f" and {people} can no longer sign in{last}."
    )
    done = {
        "accounts": tally.accounts,
        "users": tally.users,
        "sessions": tally.sessions,
        "invitations": tally.invitations,
        "inactive": tally.inactive,
        "reason": reason,
        "until": until.isoformat() if until else None,
    }
    kept = activities.log(OFFBOARD, producer.kind, producer.id, sentence, by=by, body=reason, fields=done)
    for one in tally.accounts:
        activities.log(OFFBOARD, "business", UUID(one["id"]), sentence, by=by, fields={"record": str(kept.id)})
    return kept
