"""Removing contacts and policies from the account, what was removed, and bringing it back."""

from __future__ import annotations

from uuid import UUID

from flask import Response, flash, request, url_for

from portal.core import scope
from portal.core.fragments import go, page
from portal.core.lookup import find, find_or_404
from portal.core.paging import read_query
from portal.core.permissions import Permission, allow
from portal.crm import queries, removal, words
from portal.crm.events import CONTACT_READ, CRM_POLICY_READ, REMOVED_LIST
from portal.crm.models import Contact, CrmPolicy
from portal.crm.panels import panel
from portal.crm.views import bp


@bp.get("/removed")
@allow(Permission.CRM_REMOVE, REMOVED_LIST)
def removed() -> Response:
    """Contacts that were removed; policies that were removed by themselves are on the second page."""
    asked = read_query(request.path, request.args, filters=(), sorts=removal.SORTS, default="-when")
    return page("crm/removed.html", block="results", listing=removal.contacts(asked), what="contacts", words=words)


@bp.get("/removed/policies")
@allow(Permission.CRM_REMOVE, REMOVED_LIST)
def removed_policies() -> Response:
    """Policies that were removed while their contact stayed."""
    asked = read_query(request.path, request.args, filters=(), sorts=removal.SORTS, default="-when")
    listing = removal.policies(asked)
    people = queries.contacts_of(listing.items)
    return page("crm/removed.html", block="results", listing=listing, what="policies", people=people, words=words)


@bp.get("/contacts/<uuid:contact_id>/remove")
@allow(Permission.CRM_REMOVE, CONTACT_READ)
def ask_remove_contact(contact_id: UUID) -> Response:
    """What removing the contact does, before it is done."""
    found = find_or_404(Contact, contact_id)
    count = queries.policy_counts([found.id]).get(found.id, 0)
    return page("crm/remove.html", contact=found, policy=None, count=count, words=words, **panel())


@bp.post("/contacts/<uuid:contact_id>/remove")
@allow(Permission.CRM_REMOVE, CONTACT_READ)
def remove_contact(contact_id: UUID) -> Response:
    """Take the contact and its policies out of the account's pages."""
    removal.remove_contact(find_or_404(Contact, contact_id), by=scope.current())
    flash("The contact is removed. No sync brings it back; you can restore it under Removed.")
    return go(url_for("crm.contacts"))


@bp.post("/contacts/<uuid:contact_id>/restore")
@allow(Permission.CRM_REMOVE, CONTACT_READ)
def restore_contact(contact_id: UUID) -> Response:
    """Bring a removed contact back with the policies that went along."""
    removal.restore_contact(removal.contact_or_404(contact_id), by=scope.current())
    flash("The contact is back, with the policies that were removed along with it.")
    return go(url_for("crm.contact", contact_id=contact_id))


@bp.get("/policies/<uuid:policy_id>/remove")
@allow(Permission.CRM_REMOVE, CRM_POLICY_READ)
def ask_remove_policy(policy_id: UUID) -> Response:
    """What removing the policy does, before it is done."""
    found = find_or_404(CrmPolicy, policy_id)
    return page("crm/remove.html", contact=find(Contact, found.contact_id), policy=found, words=words, **panel())


@bp.post("/policies/<uuid:policy_id>/remove")
@allow(Permission.CRM_REMOVE, CRM_POLICY_READ)
def remove_policy(policy_id: UUID) -> Response:
    """Take one policy out of the account's pages."""
    removal.remove_policy(find_or_404(CrmPolicy, policy_id), by=scope.current())
    flash("The policy is removed. No sync brings it back; you can restore it under Removed.")
    return go(url_for("crm.policies"))


@bp.post("/policies/<uuid:policy_id>/restore")
@allow(Permission.CRM_REMOVE, CRM_POLICY_READ)
def restore_policy(policy_id: UUID) -> Response:
    """Bring a removed policy back."""
    try:
        removal.restore_policy(removal.policy_or_404(policy_id), by=scope.current())
    except removal.ContactFirst:
        flash("Its contact is removed too. Restore the contact; its policies come back with it.", "error")
        return go(url_for("crm.removed"))
    flash("The policy is back in the account.")
    return go(url_for("crm.policy", policy_id=policy_id))
