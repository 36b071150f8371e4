"""What the forms need to know before Complete."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, or_, select

from portal.businesses.agreements import AGREEMENTS, Agreement, judge
from portal.businesses.models import Business
from portal.core import clock
from portal.core.paging import Asked
from portal.downline import queries as downline
from portal.downline.models import Producer
from portal.extensions import db
from portal.identity import rules

FOUND = 20


def who_signs_in(producer: Producer) -> Producer:
    """The person behind a record: the agent, or the agency's principal (the agency itself where none is known)."""
    if producer.kind == "agent":
        return producer
    principal = db.session.scalar(
        select(Producer).where(Producer.agency_id == producer.id, Producer.is_principal).order_by(Producer.id).limit(1)
    )
    return principal or producer


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
    if not typed.strip():
        return []
    return db.session.scalars(
        select(Producer).where(downline.matches(typed)).order_by(Producer.name_key, Producer.id).limit(FOUND)
    ).all()


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
    to_be = Business(name=name, agreement_signed_on=signed, agreement_until=until)
    return judge(to_be, clock.today(), str(rules.value(AGREEMENTS)))
