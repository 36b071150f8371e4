"""Creating Businesses, their agreement and Policy Sync, giving and taking NPNs."""

from __future__ import annotations

from datetime import date

from sqlalchemy.exc import IntegrityError

from portal.businesses import hooks, queries
from portal.businesses.events import (
    BUSINESS_AGREEMENT,
    BUSINESS_CONTINUOUS,
    BUSINESS_CREATE,
    BUSINESS_SYNC,
    NPN_ADD,
    NPN_END,
)
from portal.businesses.models import Business, BusinessNpn
from portal.businesses.operations.refusal import Refused
from portal.core import access, clock
from portal.core.scope import Scope
from portal.downline.keys import name_key
from portal.downline.models import Producer
from portal.extensions import db


def create_business(
    producer: Producer, *, name: str, time_zone: str, state: str | None, sync_enabled: bool, by: Scope
) -> Business:
    """A new account from a record of the downline, with that record's NPN; flushed.

    Raises `Refused` (field business_name) where the record has its account already, also when two admins press at once.
    """
    business = Business(
        fmo_id=by.fmo_id,
        name=name,
        name_key=name_key(name),
        time_zone=time_zone,
        state=state,
        producer_id=producer.id,
        sync_enabled=sync_enabled,
    )
    try:
        with db.session.begin_nested():
            db.session.add(business)
            db.session.flush()
    except IntegrityError as error:
        if "uq_business_producer" not in str(error.orig):
            raise
        sentence = (
            f"{producer.name} has an Agent CRM Business already. Nothing was created; open the one that is there."
        )
        raise Refused("business_name", sentence) from error
    access.record(BUSINESS_CREATE, subject=business, npn=producer.npn, producer=str(producer.id))
    add_npn(business, producer, by=by)
    return business


def set_sync(business: Business, *, enabled: bool, by: Scope) -> bool:
    """Switch Policy Sync on or off; whether that changed anything. Nothing is copied or removed by it."""
    if business.sync_enabled == enabled:
        return False
    business.sync_enabled = enabled
    db.session.flush()
    access.record(BUSINESS_SYNC, subject=business, fields=["sync_enabled"], enabled=enabled)
    return True


def set_agreement(business: Business, signed_on: date | None, until: date | None, *, by: Scope) -> bool:
    """Keep when the agreement was signed and its last day, or that there is none; whether that changed anything."""
    if (business.agreement_signed_on, business.agreement_until) == (signed_on, until):
        return False
    fields = [
        name
        for name, was, now in (
            ("agreement_signed_on", business.agreement_signed_on, signed_on),
            ("agreement_until", business.agreement_until, until),
        )
        if was != now
    ]
    business.agreement_signed_on, business.agreement_until = signed_on, until
    db.session.flush()
    access.record(
        BUSINESS_AGREEMENT,
        subject=business,
        fields=fields,
        signed_on=str(signed_on or ""),
        until=str(until or ""),
    )
    return True


def set_continuous(business: Business, *, enabled: bool, by: Scope) -> bool:
    """Let what carrier files change be copied after each of them, or no longer; whether that changed anything."""
    if business.continuous == enabled:
        return False
    business.continuous = enabled
    db.session.flush()
    access.record(BUSINESS_CONTINUOUS, subject=business, fields=["continuous"], enabled=enabled)
    return True


def add_npn(business: Business, producer: Producer, *, by: Scope) -> BusinessNpn:
    """Give the Business the NPN of a record from now on; one that it has already stays as it is. Flushed."""
    there = queries.open_npn(business.id, producer.npn)
    if there is not None:
        return there
    added = BusinessNpn(fmo_id=by.fmo_id, business_id=business.id, npn=producer.npn, producer_id=producer.id)
    try:
        with db.session.begin_nested():
            db.session.add(added)
            db.session.flush()
    except IntegrityError:
        there = queries.open_npn(business.id, producer.npn)
        if there is None:
            raise
        return there
    access.record(NPN_ADD, kind="business", ids=[business.id], npn=producer.npn, business=str(business.id))
    return added


def hold_npn(npn: BusinessNpn) -> bool:
    """Wait for whoever else is ending the NPN; whether it is still one of its Business."""
    db.session.refresh(npn, with_for_update=True)
    return npn.until is None


def end_npn(ended: BusinessNpn, *, by: Scope) -> int:
    """Take the NPN from the Business; its policies are released in this transaction. How many these were."""
    ended.until = clock.now()
    db.session.flush()
    released = hooks.npn_left(ended.business_id, ended.npn)
    access.record(
        NPN_END,
        kind="business",
        ids=[ended.business_id],
        npn=ended.npn,
        business=str(ended.business_id),
        released=released,
    )
    return released


def npn_guard(producer: Producer) -> str | None:
    """Why the NPN of a record that an account uses stays as it is, or None."""
    using = list(queries.by_npn(producer.npn))
    provisioned = queries.by_producer(producer.id)
    if provisioned is not None and provisioned not in using:
        using.append(provisioned)
    if not using:
        return None
    names = ", ".join(one.name for one in using)
    return (
        f"The NPN {producer.npn} is in use by the Agent CRM Business {names}, whose policies hang on it. "
        "Nothing was saved. Remove the NPN from the Business first, or add the new number as a record of its own."
    )
