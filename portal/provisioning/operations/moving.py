"""[Agent CRM] Move Agent to Another Business: the NPN, its policies, and the people who bring it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from portal.activities import operations as activities
from portal.activities.models import Activity
from portal.businesses import hooks
from portal.businesses import operations as businesses
from portal.businesses import queries as accounts
from portal.businesses.models import Business, BusinessNpn
from portal.core.scope import Role, Scope
from portal.core.words import counted
from portal.downline.models import Producer
from portal.extensions import db
from portal.identity import operations as identity
from portal.identity import sessions
from portal.identity.models import User
from portal.provisioning.queries import book_under
from portal.sync import operations as sync
from portal.sync.models import SyncRun

MOVE = "crm_move_agent"
WHY = "Say why this person is to see the whole of the new account. The reason is kept in the access log."


class Gone(Exception):
    """The NPN is no longer in the account that it was to be moved from; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Prospect:
    """What a move would do, before it does."""

    leaving: int  # policies under the NPN in the old account
    written: int  # policies under it in the book: what the new account gets
    people: Sequence[User]
    emptied: bool  # the old account has no other NPN
    shared: bool  # the new account has other NPNs or other people
    headless: bool  # people stay in the old account, and no Administrator among them


@dataclass(frozen=True, slots=True)
class Moved:
    """What a move did."""

    activity: Activity
    released: int
    people: Sequence[User]
    emptied: bool
    run: SyncRun | None
    started: bool


def prospect(producer: Producer, origin: Business, target: Business) -> Prospect:
    """What moving the NPN of a record from one account to another would do; changes nothing."""
    return Prospect(
        leaving=hooks.policies_under(origin.id, producer.npn) or 0,
        written=book_under([producer.npn])[0],
        people=bringing(origin, producer.npn),
        emptied=all(one.npn == producer.npn for one in accounts.npns_of(origin.id)),
        shared=_shared(target, producer.npn),
        headless=accounts.without_admin(one for one in accounts.users_of(origin.id) if one.npn != producer.npn),
    )


def bringing(business: Business, npn: str) -> Sequence[User]:
    """The users of the account who bring that NPN, whatever their state."""
    return [user for user in accounts.users_of(business.id) if user.npn == npn]


def _shared(target: Business, npn: str) -> bool:
    others = [one for one in accounts.npns_of(target.id) if one.npn != npn]
    people = [user for user in accounts.users_of(target.id) if user.npn != npn]
    return bool(others or people)


def move(
    *,
    producer: Producer,
    origin: Business,
    target: Business,
    role: Role,
    reason: str | None,
    sync_now: bool,
    by: Scope,
    expected: dict[str, Any] | None = None,
) -> Moved:
    """Take the NPN out of `origin`, whose copies leave in this transaction, and give it and its people to `target`.

    What they made in the old account stays there. With `sync_now`, where Policy Sync is enabled, one run starts. Whose
    invitation still hangs on a run of the old account is invited on its success, else at once. Raises `Gone`, or
    `businesses.operations.Refused` (field reason) where somebody is to see the whole of an account that others share
    and nobody says why.
    """
    reason = (reason or "").strip() or None
    if role is not Role.AGENT_LIMITED and reason is None and _shared(target, producer.npn):
        raise businesses.Refused("reason", WHY)
    held = _held(origin, producer)
    people = bringing(origin, producer.npn)
    released = businesses.end_npn(held, by=by)
    businesses.add_npn(target, producer, by=by)
    for user in people:
        businesses.move_user(user, target, role, reason=reason, by=by)
        sessions.end_all_of(user.id)
    emptied = close_if_empty(origin, by=by)
    activity = _log(producer, origin, target, people, released, role=role, reason=reason, by=by)
    run, started = _begin(target, people, activity, expected, by, sync_now=sync_now)
    return Moved(activity, released, people, emptied, run, started)


def _begin(
    target: Business,
    people: Sequence[User],
    activity: Activity,
    expected: dict[str, Any] | None,
    by: Scope,
    *,
    sync_now: bool,
) -> tuple[SyncRun | None, bool]:
    """Start what brings the policies, and see to it that whoever waits for an invitation gets one."""
    owed = [user.id for user in people if accounts.never_invited(user)]
    if not sync_now or not target.sync_enabled or accounts.agreement(target).blocked:
        for user_id in owed:
            identity.invite(user_id)
        return None, False
    run, started = sync.request_run(
        target, "add_agent", by=by, activity=activity, invite_user=next(iter(owed), None), expected=expected
    )
    for user_id in owed[1:]:
        sync.request_run(target, "add_agent", by=by, activity=activity, invite_user=user_id)
    return run, started


def _held(origin: Business, producer: Producer) -> BusinessNpn:
    """The open NPN, locked: of two who move it at once the second is told.

    The record before it, as off-boarding takes them: the new account's NPN will need it.
    """
    db.session.execute(select(Producer.id).where(Producer.id == producer.id).with_for_update(read=True, key_share=True))
    npn = producer.npn
    held = db.session.scalar(
        select(BusinessNpn)
        .where(BusinessNpn.business_id == origin.id, BusinessNpn.npn == npn, BusinessNpn.until.is_(None))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if held is None:
        raise Gone(f"NPN {npn} is no longer in {origin.name}.")
    return held


def close_if_empty(business: Business, *, by: Scope) -> bool:
    """Switch Policy Sync off, continuous or not, in an account that has no NPN any more; whether it has none."""
    db.session.flush()
    if accounts.npns_of(business.id):
        return False
    businesses.set_continuous(business, enabled=False, by=by)
    businesses.set_sync(business, enabled=False, by=by)
    return True


def _log(
    producer: Producer,
    origin: Business,
    target: Business,
    people: Sequence[User],
    released: int,
    *,
    role: Role,
    reason: str | None,
    by: Scope,
) -> Activity:
    """One entry for the agent and the new account, one for the old."""
    fields = {
        "Agent": f"{producer.name}, NPN {producer.npn}",
        "From": origin.name,
        "To": target.name,
        "Users": ", ".join(user.name for user in people),
        "Role": role.label,
        "Reason": reason or "",
        "Policies that left": released,
    }
    left = f"{counted(released, 'policy', 'policies')} left the account"
    who = f"{producer.name} (NPN {producer.npn})"
    sentence = f"Moved {who} to the Agent CRM Business {target.name}; {left}."
    activities.log(MOVE, "business", origin.id, sentence, by=by, fields=fields)
    sentence = f"Moved {who} from the Agent CRM Business {origin.name} to {target.name}."
    other = ("business", target.id)
    return activities.log(MOVE, producer.kind, producer.id, sentence, by=by, fields=fields, other=other)
