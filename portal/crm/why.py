"""Why an agent sees a policy, in sentences made of what the account itself knows."""

from __future__ import annotations

from sqlalchemy import select

from portal.businesses.models import BusinessNpn
from portal.core import clock, scope
from portal.crm.models import CrmPolicy
from portal.crm.words import carrier
from portal.extensions import db
from portal.identity.models import User


def seen(policy: CrmPolicy) -> list[str]:
    """From the carrier's file to the actor's own eyes, one sentence a step."""
    at_work = scope.current()
    own = db.session.scalar(select(User.npn).where(User.id == at_work.actor_id))
    since = db.session.scalar(
        select(BusinessNpn.since)
        .where(BusinessNpn.npn == policy.npn, BusinessNpn.until.is_(None))
        .order_by(BusinessNpn.since)
        .limit(1)
    )
    yours = own == policy.npn
    named = f"your NPN, {policy.npn}," if yours else f"NPN {policy.npn}"
    told = _written(policy, named)
    if since is not None:
        told.append(f"{policy.npn} has been an NPN of this account since {clock.day(since)}.")
    told.append(f"Policy Sync first copied the policy into this account on {clock.day(policy.created_at)}.")
    if at_work.limited:
        told.append("You see it because it stands under your own NPN.")
    elif not yours:
        told.append("You see it because your role shows the whole account.")
    return told


def _written(policy: CrmPolicy, named: str) -> list[str]:
    """Who wrote it, by the file alone or by what the FMO knows of the carrier's own numbers."""
    by, day = carrier(policy.carrier), clock.day(policy.as_of)
    if policy.writer_source != "crosswalk":
        return [f"According to {by}'s file of {day}, {named} wrote this policy."]
    return [
        f"{by}'s file of {day} names the writer of this policy by an identifier of {by}'s own, not by NPN.",
        f"Your FMO has on record that this identifier stands for {named.rstrip(',')}.",
    ]
