"""Lists of contacts, and what stands on a contact's page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select

from portal.core import clock
from portal.core.paging import Asked, Column, Listing, fetch
from portal.crm import search
from portal.crm.ages import born_turning_65
from portal.crm.models import Contact, CrmPolicy, Note
from portal.crm.words import STATUSES
from portal.extensions import db

FILTERS = ("q", "state", "email", "turns65", "status", "news")
SORTS = ("name", "born", "updated")
TURNING = {"next6": 6, "last3": -3}
SHOWN_POLICIES = 100
SHOWN_NOTES = 200


def contact_listing(asked: Asked, text: str) -> Listing[Contact]:
    """One page of contacts; `text` is what the token `q` of the URL stands for."""
    query = _narrowed(asked, text)
    sorts: dict[str, list[Column]] = {
        "name": [Contact.sort_key],
        "born": [Contact.birth_date],
        "updated": [Contact.updated_at],
    }
    return fetch(query, asked, sorts, tie=Contact.id)


def _narrowed(asked: Asked, text: str) -> Select[Contact]:
    query, args = select(Contact), asked.args
    if args.get("q"):
        query = query.where(search.contacts(text) if text else false())  # a search that is no longer kept
    if state := args.get("state"):
        query = query.where(Contact.state == state)
    if args.get("email") == "none":
        query = query.where(without_email())
    if args.get("news") == "yes":
        query = query.where(has_news())
    if args.get("turns65") in TURNING:
        query = query.where(turning_65(TURNING[args["turns65"]]))
    if args.get("status") in STATUSES:
        query = query.where(Contact.id.in_(select(CrmPolicy.contact_id).where(CrmPolicy.status == args["status"])))
    return query


def without_email() -> ColumnElement[bool]:
    """Contacts who cannot be written to."""
    return or_(Contact.email.is_(None), Contact.email == "")


def has_news() -> ColumnElement[bool]:
    """Contacts of whom a carrier says something newer than what the agent typed, left aside by nobody."""
    typed = func.jsonb_each_text(Contact.typed).table_valued("key", "value")
    carried = Contact.carried.op("->>")(typed.c.key)
    newer = carried != typed.c.value, Contact.dismissed.op("->>")(typed.c.key).is_distinct_from(carried)
    return and_(Contact.typed != {}, select(1).select_from(typed).where(*newer).correlate(Contact).exists())


def turning_65(months: int) -> ColumnElement[bool]:
    """Contacts who turn 65 in the next `months`, or turned it in the last (negative)."""
    return Contact.birth_date.between(*born_turning_65(clock.today(), months=months))


def found_contacts(text: str, limit: int = 5) -> Sequence[Contact]:
    """The first contacts that `text` means, by name."""
    if not text.strip():
        return []
    query = select(Contact).where(search.contacts(text))
    return db.session.scalars(query.order_by(Contact.sort_key, Contact.id).limit(limit)).all()


def policy_counts(ids: Iterable[UUID]) -> dict[UUID, int]:
    """How many policies each of these contacts has, one statement; those without any are not in the answer."""
    wanted = list(ids)
    if not wanted:
        return {}
    owner = CrmPolicy.contact_id
    counted = select(owner, func.count()).where(owner.in_(wanted)).group_by(owner)
    rows = db.session.execute(counted.execution_options(unlogged="counts beside contacts that are logged"))
    return {row[0]: row[1] for row in rows}


def states() -> Sequence[str]:
    """The states in which the account has contacts."""
    query = select(Contact.state).where(Contact.state.is_not(None)).distinct().order_by(Contact.state).limit(100)
    found = db.session.scalars(query.execution_options(unlogged="the choices of a filter"))
    return [state for state in found if state]


def policies_of(contact: Contact) -> Sequence[CrmPolicy]:
    """The contact's policies, the latest first, at most 100."""
    query = select(CrmPolicy).where(CrmPolicy.contact_id == contact.id)
    return db.session.scalars(
        query.order_by(CrmPolicy.effective_date.desc(), CrmPolicy.id.desc()).limit(SHOWN_POLICIES)
    ).all()


def story_of(contact: Contact) -> Sequence[Note]:
    """The notes on a contact, newest first, at most 200."""
    query = select(Note).where(Note.contact_id == contact.id)
    return db.session.scalars(query.order_by(Note.created_at.desc(), Note.id.desc()).limit(SHOWN_NOTES)).all()
