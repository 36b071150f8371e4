"""Lists of an account's policies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, false, select
from sqlalchemy.orm import load_only

from portal.core import clock
from portal.core.paging import Asked, Column, Listing, fetch
from portal.crm import search
from portal.crm.ages import add_months
from portal.crm.models import Contact, CrmPolicy
from portal.crm.words import STATUSES
from portal.extensions import db

FILTERS = ("q", "carrier", "status", "npn", "when")
SORTS = ("member", "number", "effective", "npn")  # each has its index
ENDED_DAYS = 30
WHEN = {"ended": "ended in the last 30 days", "next_month": "begin next month"}


def policy_listing(asked: Asked, text: str) -> Listing[CrmPolicy]:
    """One page of policies; `text` is what the token `q` of the URL stands for."""
    sorts: dict[str, list[Column]] = {
        "member": [CrmPolicy.sort_key],
        "number": [CrmPolicy.number_key],
        "effective": [CrmPolicy.effective_date],
        "npn": [CrmPolicy.npn],
    }
    return fetch(_narrowed(asked, text), asked, sorts, tie=CrmPolicy.id)


def _narrowed(asked: Asked, text: str) -> Select[CrmPolicy]:
    query, args = select(CrmPolicy), asked.args
    if args.get("q"):
        query = query.where(search.policies(text) if text else false())  # a search that is no longer kept
    if carrier := args.get("carrier"):
        query = query.where(CrmPolicy.carrier == carrier)
    if args.get("status") in STATUSES:
        query = query.where(CrmPolicy.status == args["status"])
    if npn := args.get("npn"):
        query = query.where(CrmPolicy.npn == npn)
    if args.get("when") == "ended":
        query = query.where(ended_lately())
    elif args.get("when") == "next_month":
        query = query.where(begins_next_month())
    return query


def ended_lately() -> ColumnElement[bool]:
    """Policies whose term ended in the last 30 days, today included."""
    today = clock.today()
    return CrmPolicy.term_date.between(today - timedelta(days=ENDED_DAYS), today)


def begins_next_month() -> ColumnElement[bool]:
    """Policies that take effect in the coming calendar month."""
    first = add_months(clock.today().replace(day=1), 1)
    return CrmPolicy.effective_date.between(first, add_months(first, 1) - timedelta(days=1))


def found_policies(text: str, limit: int = 5) -> Sequence[CrmPolicy]:
    """The first policies that `text` means, by member."""
    if not text.strip():
        return []
    query = select(CrmPolicy).where(search.policies(text))
    return db.session.scalars(query.order_by(CrmPolicy.sort_key, CrmPolicy.id).limit(limit)).all()


def contacts_of(policies: Iterable[CrmPolicy]) -> dict[UUID, Contact]:
    """The contacts of these policies by id, one statement; their names are loaded, the rest when it is asked for."""
    wanted = {policy.contact_id for policy in policies}
    if not wanted:
        return {}
    named = load_only(
        Contact.first_name, Contact.middle_name, Contact.last_name, Contact.suffix, Contact.member_id
    )  # the log asks for the member
    return {one.id: one for one in db.session.scalars(select(Contact).where(Contact.id.in_(wanted)).options(named))}
