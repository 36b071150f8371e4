"""Provisioning, switching sync, and adding an agent. Each logs its activity and changes nothing where it raises."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from portal.activities import operations as activities
from portal.activities.models import Activity
from portal.businesses import operations as businesses
from portal.businesses import queries as accounts
from portal.businesses.models import Business
from portal.core.apart import apart
from portal.core.scope import Role, Scope
from portal.downline.models import Producer
from portal.identity import operations as identity
from portal.identity.models import User
from portal.sync import operations as sync
from portal.sync.models import SyncRun

PROVISION, SWITCH, ADD_AGENT = "crm_provision", "crm_sync", "crm_add_agent"


@dataclass(frozen=True, slots=True)
class Person:
    """Who is to sign in."""

    first_name: str
    last_name: str
    email: str
    mobile: str | None
    role: Role

    def as_fields(self) -> dict[str, Any]:
        """What was filled in, for the activity."""
        return {
            "First name": self.first_name,
            "Last name": self.last_name,
            "Email": self.email,
            "Mobile phone": self.mobile or "",
            "Role": self.role.label,
        }


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What was known before Complete: what a run would do, and whether the agent was asked about it."""

    expected: dict[str, Any] | None = None
    confirmed: bool = False
    note: str = ""

    def as_fields(self) -> dict[str, Any]:
        """What the activity keeps of it: nothing where nobody was asked."""
        told: dict[str, Any] = {}
        if self.confirmed:
            told["Confirmed with the agent"] = True
        if self.note:
            told["Confirmation note"] = self.note
        return told

    def as_json(self) -> dict[str, Any] | None:
        """What the run keeps, to be compared with what happens."""
        if self.expected is None:
            return None
        return {**self.expected, "confirmed_with_agent": self.confirmed, "confirmation_note": self.note}


NOTHING = Foreseen()


@dataclass(frozen=True, slots=True)
class Wanted:
    """One account to provision: for whom, as what, and with which agreement."""

    producer: Producer
    business_name: str
    person: Person
    time_zone: str
    state: str | None
    enable_sync: bool
    agreement_signed: date | None = None
    agreement_until: date | None = None

    def as_fields(self) -> dict[str, Any]:
        """What was filled in, for the activity."""
        fields = {
            "Business name": self.business_name,
            **self.person.as_fields(),
            "Time zone": self.time_zone,
            "State": self.state or "",
            "Enable Policy Sync": self.enable_sync,
        }
        if self.agreement_signed:
            fields["Agreement signed"] = str(self.agreement_signed)
        if self.agreement_until:
            fields["Agreement until"] = str(self.agreement_until)
        return fields


@dataclass(frozen=True, slots=True)
class Done:
    """What came of an activity. `started` is False where `run` was under way already."""

    business: Business
    activity: Activity
    user: User | None = None
    run: SyncRun | None = None
    started: bool = False


def provision(wanted: Wanted, *, foreseen: Foreseen = NOTHING, by: Scope) -> Done:
    """Create the Business of an agent's or agency's record with its NPN and first user.

    With `enable_sync` one run starts, on whose success the invitation goes out; without, it goes out at once.
    Raises `businesses.operations.Refused` where the record has a Business or the e-mail cannot be used, and
    `sync.operations.Blocked` where the run may not start for want of an agreement; nothing is kept then.
    """
    with apart():  # an address or run that is refused leaves no Business
        return _provision(wanted, foreseen, by)


def _provision(wanted: Wanted, foreseen: Foreseen, by: Scope) -> Done:
    producer = wanted.producer
    business = businesses.create_business(
        producer,
        name=wanted.business_name,
        time_zone=wanted.time_zone,
        state=wanted.state,
        sync_enabled=wanted.enable_sync,
        by=by,
    )
    businesses.set_agreement(business, wanted.agreement_signed, wanted.agreement_until, by=by)
    user = _add_user(business, wanted.person, producer.npn, by)
    how = "with Policy Sync" if wanted.enable_sync else "without Policy Sync"
    activity = activities.log(
        PROVISION,
        producer.kind,
        producer.id,
        f"Provisioned the Agent CRM Business {business.name} for {producer.name} (NPN {producer.npn}), {how}.",
        by=by,
        fields={**wanted.as_fields(), **foreseen.as_fields()},
        other=("business", business.id),
    )
    if not wanted.enable_sync:
        identity.invite(user.id)
        return Done(business, activity, user)
    run, started = sync.request_run(
        business, "provision", by=by, activity=activity, invite_user=user.id, expected=foreseen.as_json()
    )
    return Done(business, activity, user, run, started)


def _add_user(business: Business, person: Person, npn: str, by: Scope) -> User:
    return businesses.add_user(
        business,
        email=person.email,
        first_name=person.first_name,
        last_name=person.last_name,
        mobile=person.mobile,
        role=person.role,
        npn=npn,
        by=by,
    )


def set_sync(
    *,
    business: Business,
    enabled: bool,
    resync: bool = False,
    continuous: bool | None = None,
    foreseen: Foreseen = NOTHING,
    by: Scope,
) -> Done | None:
    """Enable Policy Sync (a run starts), re-sync where it is enabled, or disable it (nothing is removed).

    `continuous` switches continuous sync where it says something; disabling switches it off in any case. None where
    all this would change nothing: no activity is logged then. Raises `sync.operations.Blocked` where a run may not
    start for want of an agreement.
    """
    with apart():  # a run that may not start leaves everything as it was
        return _set_sync(business, enabled, resync, continuous, foreseen, by)


def _set_sync(
    business: Business, enabled: bool, resync: bool, continuous: bool | None, foreseen: Foreseen, by: Scope
) -> Done | None:
    was = business.sync_enabled
    switched = businesses.set_continuous(business, enabled=enabled and _wish(business, continuous), by=by)
    if not enabled:
        if not was:
            return None
        businesses.set_sync(business, enabled=False, by=by)
        return Done(business, _log_switch(business, "Disabled Policy Sync; nothing was removed.", False, foreseen, by))
    businesses.set_sync(business, enabled=True, by=by)
    if was and not resync:
        return Done(business, _log_switch(business, _switched(business), False, foreseen, by)) if switched else None
    sentence = "Asked for a re-sync of the policies." if was else "Enabled Policy Sync."
    sentence = f"{sentence} {_switched(business)}" if switched else sentence
    activity = _log_switch(business, sentence, was, foreseen, by)
    why = "resync" if was else "enable"
    run, started = sync.request_run(business, why, by=by, activity=activity, expected=foreseen.as_json())
    return Done(business, activity, None, run, started)


def _wish(business: Business, continuous: bool | None) -> bool:
    return business.continuous if continuous is None else continuous


def _switched(business: Business) -> str:
    return f"Switched continuous sync {'on' if business.continuous else 'off'}."


def _log_switch(business: Business, sentence: str, resync: bool, foreseen: Foreseen, by: Scope) -> Activity:
    fields = {
        "Policy Sync Enabled": business.sync_enabled,
        "Re-sync Policies": resync,
        "Continuous sync": business.continuous,
        **foreseen.as_fields(),
    }
    return activities.log(SWITCH, "business", business.id, sentence, by=by, fields=fields)


def add_agent(
    *,
    business: Business,
    producer: Producer,
    person: Person,
    sync_now: bool,
    foreseen: Foreseen = NOTHING,
    by: Scope,
) -> Done:
    """Give the Business the NPN of a record of the downline, and a further user who brings it.

    With `sync_now`, where Policy Sync is enabled, one run starts and the invitation follows its success; where a run is
    under way already, a further one follows it for that. Otherwise the invitation goes out at once. Raises
    `businesses.operations.Refused` for an e-mail that cannot be used, and `sync.operations.Blocked` where a run may not
    start for want of an agreement.
    """
    with apart():  # as above
        return _add_agent(business, producer, person, sync_now and business.sync_enabled, foreseen, by)


def _add_agent(
    business: Business, producer: Producer, person: Person, wanted: bool, foreseen: Foreseen, by: Scope
) -> Done:
    left = accounts.open_npn(business.id, producer.npn) is None
    businesses.add_npn(business, producer, by=by)
    user = _user_again(business, person, producer.npn, by) if left else None
    user = user or _add_user(business, person, producer.npn, by)
    invited = user.state == "invited"
    activity = activities.log(
        ADD_AGENT,
        "business",
        business.id,
        f"Added {producer.name} (NPN {producer.npn}) to the Agent CRM Business {business.name}.",
        by=by,
        fields={
            "Agent": f"{producer.name}, NPN {producer.npn}",
            **person.as_fields(),
            "Sync this agent's policies now": wanted,
            **foreseen.as_fields(),
        },
        other=(producer.kind, producer.id),
    )
    if not wanted:
        if invited:
            identity.invite(user.id)
        return Done(business, activity, user)
    run, started = sync.request_run(
        business,
        "add_agent",
        by=by,
        activity=activity,
        invite_user=user.id if invited else None,
        expected=foreseen.as_json(),
    )
    return Done(business, activity, user, run, started)


def _user_again(business: Business, person: Person, npn: str, by: Scope) -> User | None:
    """Who brought the NPN before and is meant by this address; they may sign in again."""
    known = accounts.brings(business.id, npn, person.email)
    if known is not None:
        businesses.bring_back(known, person.role, by=by)
    return known
