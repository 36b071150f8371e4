"""What the three [Agent CRM] activities do. Each logs its activity and changes nothing where it raises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from portal.activities import operations as activities
from portal.activities.models import Activity
from portal.businesses import operations as businesses
from portal.businesses.models import Business
from portal.core.scope import Role, Scope
from portal.downline.models import Producer
from portal.extensions import db
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
class Done:
    """What came of an activity. `started` is False where `run` was under way already."""

    business: Business
    activity: Activity
    user: User | None = None
    run: SyncRun | None = None
    started: bool = False


def provision(
    *,
    producer: Producer,
    business_name: str,
    person: Person,
    time_zone: str,
    state: str | None,
    enable_sync: bool,
    by: Scope,
) -> Done:
    """Create the Business of an agent's or agency's record with its NPN and first user.

    With `enable_sync` one run starts, on whose success the invitation goes out; without, it goes out at once.
    Raises `businesses.operations.Refused` where the record has a Business or the e-mail cannot be used.
    """
    with db.session.begin_nested():  # an address that is refused leaves no Business without a user
        business = businesses.create_business(
            producer, name=business_name, time_zone=time_zone, state=state, sync_enabled=enable_sync, by=by
        )
        user = _add_user(business, person, producer.npn, by)
    how = "with Policy Sync" if enable_sync else "without Policy Sync"
    activity = activities.log(
        PROVISION,
        producer.kind,
        producer.id,
        f"Provisioned the Agent CRM Business {business_name} for {producer.name} (NPN {producer.npn}), {how}.",
        by=by,
        fields={
            "Business name": business_name,
            **person.as_fields(),
            "Time zone": time_zone,
            "State": state or "",
            "Enable Policy Sync": enable_sync,
        },
        other=("business", business.id),
    )
    if not enable_sync:
        identity.invite(user.id)
        return Done(business, activity, user)
    run, started = sync.request_run(business, "provision", by=by, activity=activity, invite_user=user.id)
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


def set_sync(*, business: Business, enabled: bool, resync: bool = False, by: Scope) -> Done | None:
    """Enable Policy Sync (a run starts), re-sync where it is enabled, or disable it (nothing is removed).

    None where this would change nothing: no activity is logged then.
    """
    was = business.sync_enabled
    if enabled == was and not (enabled and resync):
        return None
    if not enabled:
        businesses.set_sync(business, enabled=False, by=by)
        return Done(business, _log_switch(business, "Disabled Policy Sync; nothing was removed.", False, False, by))
    businesses.set_sync(business, enabled=True, by=by)
    sentence = "Asked for a re-sync of the policies." if was else "Enabled Policy Sync."
    activity = _log_switch(business, sentence, True, resync and was, by)
    run, started = sync.request_run(business, "resync" if was else "enable", by=by, activity=activity)
    return Done(business, activity, None, run, started)


def _log_switch(business: Business, sentence: str, enabled: bool, resync: bool, by: Scope) -> Activity:
    fields = {"Policy Sync Enabled": enabled, "Re-sync Policies": resync}
    return activities.log(SWITCH, "business", business.id, sentence, by=by, fields=fields)


def add_agent(*, business: Business, producer: Producer, person: Person, sync_now: bool, by: Scope) -> Done:
    """Give the Business the NPN of a record of the downline, and a further user who brings it.

    With `sync_now`, where Policy Sync is enabled, one run starts and the invitation follows its success; otherwise, or
    where a run is under way already, the invitation goes out at once. Raises `businesses.operations.Refused` for an
    e-mail that cannot be used.
    """
    with db.session.begin_nested():
        businesses.add_npn(business, producer, by=by)
        user = _add_user(business, person, producer.npn, by)
    wanted = sync_now and business.sync_enabled
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
        },
        other=(producer.kind, producer.id),
    )
    run, started = None, False
    if wanted:
        run, started = sync.request_run(business, "add_agent", by=by, activity=activity, invite_user=user.id)
    if not started:
        identity.invite(user.id)
    return Done(business, activity, user, run, started)
