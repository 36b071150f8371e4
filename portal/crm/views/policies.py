"""The list of policies, and a policy."""

from __future__ import annotations

from uuid import UUID

from flask import Response, request

from portal.core import search_tokens
from portal.core.fragments import page
from portal.core.lookup import find, find_or_404
from portal.core.paging import Listing, read_query
from portal.core.permissions import Permission, allow
from portal.crm import left, queries, why, words
from portal.crm.events import CRM_POLICY_LIST, CRM_POLICY_READ
from portal.crm.models import Contact, CrmPolicy
from portal.crm.panels import panel
from portal.crm.queries.policies import FILTERS, SORTS, WHEN
from portal.crm.views import bp
from portal.crm.views.contacts import searched


@bp.get("/policies")
@allow(Permission.CRM_READ, CRM_POLICY_LIST)
def policies() -> Response:
    """The account's policies, in every status."""
    asked = read_query(request.path, request.args, filters=FILTERS, sorts=SORTS, default="member")
    text = search_tokens.read(asked.args.get("q"))
    listing = queries.policy_listing(asked, text)
    _chips(listing, text)
    return page(
        "crm/policies.html",
        block="results",
        listing=listing,
        text=text,
        contacts=queries.contacts_of(listing.items),
        carrier_choices=words.carrier_choices(),
        npn_choices=[("", "All NPNs"), *((npn, npn) for npn in queries.npns())],
        when_choices=[("", "All dates"), *((key, text[0].upper() + text[1:]) for key, text in WHEN.items())],
        words=words,
        left_told=left.is_told(),
        **panel(),
    )


def _chips(listing: Listing[CrmPolicy], text: str) -> None:
    args = listing.asked.args
    if args.get("q"):
        listing.chip("Search", "q", text or "no longer kept, search again")
    if carrier := args.get("carrier"):
        listing.chip("Carrier", "carrier", words.carrier(carrier))
    if (status := args.get("status", "")) in words.STATUSES:
        listing.chip("Status", "status", words.status(status)[0])
    if npn := args.get("npn"):
        listing.chip("Writing NPN", "npn", npn)
    if (when := args.get("when", "")) in WHEN:
        listing.chip("Only those that", "when", WHEN[when])


@bp.post("/policies/search")
@allow(Permission.CRM_READ)
def search_policies() -> Response:
    """Keep what was typed and show the list by its token."""
    return searched("crm.policies")


@bp.get("/policies/<uuid:policy_id>")
@allow(Permission.CRM_READ, CRM_POLICY_READ)
def policy(policy_id: UUID) -> Response:
    """One policy."""
    found = find_or_404(CrmPolicy, policy_id)
    return page(
        "crm/policy.html",
        policy=found,
        contact=find(Contact, found.contact_id),
        reasons=why.seen(found),
        words=words,
        **panel(),
    )
