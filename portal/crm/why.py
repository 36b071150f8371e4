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
    told = [f"According to {carrier(policy.carrier)}'s file of {clock.day(policy.as_of)}, {named} wrote this policy."]
    if since is not None:
        told.append(f"{policy.npn} has been an NPN of this account since {clock.day(since)}.")
    told.append(f"Policy Sync first copied the policy into this account on {clock.day(policy.created_at)}.")
    if at_work.limited:
        told.append("You see it because it stands under your own NPN.")
    elif not yours:
        told.append("You see it because your role shows the whole account.")
    return told
