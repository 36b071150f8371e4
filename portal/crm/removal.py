"""What whole-account users remove from their account. No sync brings it back; they can, as long as it is theirs.

A run of Policy Sync that is under way is waited for: what it brings must go along, and stay away, with what is removed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.exc import InvalidRequestError

from portal.core import access, clock, scope
from portal.core.events import Event
from portal.core.paging import Asked, Listing, fetch
from portal.core.scope import Scope
from portal.core.transaction import not_yours
from portal.crm.duplicates.statements.moving import forget_removed
from portal.crm.events import CONTACT_REMOVE, CONTACT_RESTORE, CRM_POLICY_REMOVE, CRM_POLICY_RESTORE
from portal.crm.models import Contact, CrmPolicy
from portal.crm.statements import contacts_lock
from portal.extensions import db

SORTS = ("when",)
Row = TypeVar("Row", Contact, CrmPolicy)
REMOVED = {"narrowed_as": "removed"}


class ContactFirst(Exception):
    """The policy's contact was removed: restoring the contact brings the policy."""


def remove_contact(contact: Contact, *, by: Scope) -> int:
    """Take a contact and its policies out of every page; how many policies went along.

    One that somebody else has removed meanwhile stays as it is: it must not get another moment than its policies.
    """
    _alone(contact)
    if contact.removed_at is not None:
        return 0
    moment = clock.now()
    policies = db.session.scalars(select(CrmPolicy).where(CrmPolicy.contact_id == contact.id)).all()
    for policy in policies:
        policy.removed_at = moment
    contact.removed_at = moment
    access.record(CONTACT_REMOVE, subject=contact, members=_members(contact, policies), policies=len(policies))
    return len(policies)


def restore_contact(contact: Contact, *, by: Scope) -> int:
    """Bring back a removed contact with the policies that went along; how many there are to see. Others stay removed.

    What went along and has left the account since is not removed any more either, should it come back.
    """
    _alone(contact)
    if contact.removed_at is None:
        return 0
    forget_removed(contact.id, contact.removed_at)
    together = select(CrmPolicy).where(CrmPolicy.contact_id == contact.id, CrmPolicy.removed_at == contact.removed_at)
    policies = db.session.scalars(together.execution_options(**REMOVED)).all()
    for policy in policies:
        policy.removed_at = None
    contact.removed_at = None
    access.record(CONTACT_RESTORE, subject=contact, members=_members(contact, policies), policies=len(policies))
    return len(policies)


def _members(contact: Contact, policies: Sequence[CrmPolicy]) -> set[UUID]:
    return {one.member_id for one in policies} | ({contact.member_id} if contact.member_id else set())


def remove_policy(policy: CrmPolicy, *, by: Scope) -> None:
    """Take one policy out of every page; its contact stays. One that went already, maybe with its contact, stays so."""
    _alone(policy)
    if policy.removed_at is not None:
        return
    policy.removed_at = clock.now()
    _record(CRM_POLICY_REMOVE, policy)


def restore_policy(policy: CrmPolicy, *, by: Scope) -> None:
    """Bring back a removed policy. Raises `ContactFirst` where its contact is removed too."""
    _alone(policy)
    if removed_contacts_among([policy.contact_id]):
        raise ContactFirst
    policy.removed_at = None
    _record(CRM_POLICY_RESTORE, policy)


def _alone(one: Contact | CrmPolicy) -> None:
    """Wait for whoever else is at work in the account, and look again at what was read before."""
    this = one.id
    contacts_lock.hold(scope.business_id())
    try:
        db.session.refresh(one)
    except InvalidRequestError:  # merged or released meanwhile
        not_yours(asked_for=this)


def _record(what: Event, policy: CrmPolicy) -> None:
    access.record(what, subject=policy, members={policy.member_id})


def removed_contacts_among(ids: Sequence[UUID]) -> dict[UUID, Contact]:
    """Those of these contacts that are removed, by id."""
    query = select(Contact).where(Contact.id.in_(ids)).execution_options(**REMOVED)
    return {one.id: one for one in db.session.scalars(query)}


def contact_or_404(contact_id: UUID) -> Contact:
    """A removed contact of the account; anything else is the same logged 404."""
    return _or_404(select(Contact).where(Contact.id == contact_id))


def policy_or_404(policy_id: UUID) -> CrmPolicy:
    """A removed policy of the account; anything else is the same logged 404."""
    return _or_404(select(CrmPolicy).where(CrmPolicy.id == policy_id))


def _or_404(query: Select[Row]) -> Row:
    found = db.session.scalar(query.execution_options(**REMOVED))
    if found is None:
        not_yours()
    return found


def contacts(asked: Asked) -> Listing[Contact]:
    """One page of removed contacts, the last removed first."""
    query = select(Contact).execution_options(**REMOVED)
    return fetch(query, asked, {"when": [Contact.removed_at]}, tie=Contact.id)


def policies(asked: Asked) -> Listing[CrmPolicy]:
    """One page of policies that were removed by themselves, while their contact stayed."""
    query = select(CrmPolicy).where(CrmPolicy.contact_id.not_in(_gone_contacts())).execution_options(**REMOVED)
    return fetch(query, asked, {"when": [CrmPolicy.removed_at]}, tie=CrmPolicy.id)


def _gone_contacts() -> Select[UUID]:
    return select(Contact.id).where(Contact.removed_at.is_not(None))


@dataclass(frozen=True, slots=True)
class Told:
    """How many removed contacts and single policies the carriers still tell of."""

    contacts: int
    policies: int


def still_told() -> Told:
    """What stays out although the carriers' files still have it, for the account's home."""
    since: ColumnElement[bool] = CrmPolicy.contact_id.in_(_gone_contacts())
    counted = select(func.count(CrmPolicy.contact_id.distinct()).filter(since), func.count().filter(~since))
    options = {**REMOVED, "unlogged": "counts for the home page"}
    row = db.session.execute(counted.select_from(CrmPolicy).execution_options(**options)).one()
    return Told(row[0], row[1])
