"""What the forms need to know before Complete."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import func, or_, select, tuple_

from portal.book.models import Policy
from portal.businesses import queries as businesses
from portal.businesses.agreements import Agreement
from portal.businesses.models import Business, BusinessNpn
from portal.core.paging import Asked
from portal.core.unseen import unseen
from portal.crm.models import CrmPolicy
from portal.downline import queries as downline
from portal.downline.models import Producer
from portal.extensions import db
from portal.identity.models import User
from portal.provisioning.places import zone_of
from portal.sync.models import OPEN, SyncRun

FOUND = 20
UNDER_WAY = "A run is under way already."


def who_signs_in(producer: Producer) -> Producer:
    """The person behind a record: the agent, or the agency's principal (the agency itself where none is known)."""
    return who_sign_in([producer])[producer.npn]


def is_outside(business: Business, producer: Producer) -> bool:
    """Whether a record is not of the agency of the record that the Business was provisioned from."""
    owner = downline.by_id(business.producer_id)
    if owner is None:
        return True
    agency_id = owner.id if owner.kind == "agency" else owner.agency_id
    return producer.id != owner.id and (agency_id is None or agency_id not in (producer.id, producer.agency_id))


def colleagues(business: Business) -> Sequence[Producer]:
    """The agency of the Business and its agents, to choose from without searching; at most 200."""
    owner = downline.by_id(business.producer_id)
    agency_id = None if owner is None else owner.id if owner.kind == "agency" else owner.agency_id
    if agency_id is None:
        return []
    return db.session.scalars(
        select(Producer)
        .where(or_(Producer.agency_id == agency_id, Producer.id == agency_id))
        .order_by(Producer.kind, Producer.name_key, Producer.id)
        .limit(200)
    ).all()


def find_producers(typed: str) -> Sequence[Producer]:
    """Records whose name or NPN begins with what was typed, agents and agencies, by name; at most 20."""
    return downline.found(typed, FOUND) if typed.strip() else []


def accounts(asked: Asked, near: Producer) -> Sequence[Business]:
    """Businesses to choose from, those of the record's own agency first; at most 200, narrowed by a name in `q`."""
    own = select(Producer.id).where(or_(Producer.id == near.agency_id, Producer.agency_id == near.agency_id))
    query = select(Business)
    if typed := asked.args.get("q"):
        query = query.where(func.starts_with(func.lower(Business.name), typed.strip().lower()))
    return db.session.scalars(
        query.order_by(Business.producer_id.in_(own).desc(), Business.name_key, Business.id).limit(200)
    ).all()


def agreement_on(name: str, signed: date | None, until: date | None) -> Agreement:
    """How the agreement of a Business that is still to be made would stand today under the FMO's rule."""
    return businesses.agreement(Business(name=name, agreement_signed_on=signed, agreement_until=until))


@dataclass(frozen=True, slots=True)
class Refusal:
    """A Business that is left out of something done to many, and why."""

    business: Business
    reason: str


def why_not(chosen: Sequence[Business]) -> list[Refusal]:
    """Which of them cannot be re-synced now, each with the sentence that says why. Three statements for any number."""
    agreement_of = businesses.agreement_of_any()
    having = {one for one, npns in businesses.npns_by_business(business.id for business in chosen).items() if npns}
    under_way = set(
        db.session.scalars(
            select(SyncRun.business_id).where(
                SyncRun.business_id.in_([one.id for one in chosen]), SyncRun.status.in_(OPEN)
            )
        )
    )
    found = []
    for one in chosen:
        agreement = agreement_of(one)
        if not one.sync_enabled:
            found.append(Refusal(one, "Policy Sync is not enabled."))
        elif agreement.blocked:
            found.append(Refusal(one, agreement.warning))
        elif one.id in under_way:
            found.append(Refusal(one, UNDER_WAY))
        elif one.id not in having:
            found.append(Refusal(one, "It has no NPN, so no policy belongs to it."))
    return found


def changes_since(chosen: Sequence[Business]) -> dict[UUID, tuple[int, int]]:
    """(policies to add, policies to update) of each Business, counted among those that the book changed since its run.

    One statement for any number of Businesses, so it does not look at what a run would find to be the same after all.
    """
    here = (CrmPolicy.business_id == BusinessNpn.business_id) & (CrmPolicy.policy_id == Policy.id)
    there = CrmPolicy.id.is_not(None) & CrmPolicy.released_at.is_(None)
    since = or_(BusinessNpn.synced_batch.is_(None), Policy.batch > BusinessNpn.synced_batch)
    counted = (
        select(
            BusinessNpn.business_id,
            func.count().filter(~there),
            func.count().filter(there & (CrmPolicy.content_hash != Policy.content_hash)),
        )
        .join(Policy, (Policy.fmo_id == BusinessNpn.fmo_id) & (Policy.writing_npn == BusinessNpn.npn) & since)
        .join(CrmPolicy, here, isouter=True)
        .where(BusinessNpn.business_id.in_([one.id for one in chosen]), BusinessNpn.until.is_(None))
        .group_by(BusinessNpn.business_id)
    )
    with unseen("count"):
        rows = db.session.execute(counted.execution_options(unlogged="counts by account")).all()
    return {business_id: (int(added), int(updated)) for business_id, added, updated in rows}


def prefilled(producer: Producer, person: Producer) -> dict[str, str | None]:
    """What a record and the person behind it say for the fields of the Provision form."""
    state = producer.state or person.state
    return {
        "business_name": producer.name,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": person.email,
        "mobile": person.phone,
        "state": state,
        "time_zone": zone_of(state),
    }


def who_sign_in(producers: Iterable[Producer]) -> dict[str, Producer]:
    """The person behind each record (as `who_signs_in`), by the record's NPN; one statement."""
    records = list(producers)
    principals = downline.principals(one.id for one in records if one.kind == "agency")
    return {one.npn: principals.get(one.id, one) if one.kind == "agency" else one for one in records}


def provisioned(producers: Iterable[Producer]) -> set[str]:
    """The NPNs of those records from which a Business was provisioned already."""
    npns = {one.id: one.npn for one in producers}
    found = db.session.scalars(select(Business.producer_id).where(Business.producer_id.in_(npns)))
    return {npns[producer_id] for producer_id in found}


def in_an_account(npns: Iterable[str]) -> set[str]:
    """Those of the NPNs that some Business has today."""
    query = select(BusinessNpn.npn).where(BusinessNpn.npn.in_(set(npns)), BusinessNpn.until.is_(None))
    return set(db.session.scalars(query))


def taken(emails: Iterable[str]) -> set[str]:
    """Those of the addresses that a user of this FMO has; whether another FMO's has one shows on Complete only."""
    return set(db.session.scalars(select(User.email).where(User.email.in_(set(emails)))))


def book_under(npns: Iterable[str]) -> tuple[int, int]:
    """(policies, their people counted once for each NPN) in the book under `npns`; one statement."""
    people = func.count(func.distinct(tuple_(Policy.writing_npn, Policy.member_id)))
    counted = select(func.count(), people).where(Policy.writing_npn.in_(set(npns)))
    with unseen("count"):
        row = db.session.execute(counted.execution_options(unlogged="counts")).one()
    return int(row[0]), int(row[1])
