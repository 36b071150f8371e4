"""The list of Businesses, one Business, and the Businesses of a record of the downline."""

from __future__ import annotations

from uuid import UUID

from flask import Response, request

from portal.activities import queries as activities
from portal.activities import registry
from portal.businesses import queries
from portal.businesses.agreements import in_words
from portal.businesses.views import bp, find
from portal.core.fragments import page
from portal.core.paging import read_query
from portal.core.permissions import Permission, allow
from portal.core.transaction import not_yours
from portal.downline import fragments
from portal.downline import queries as downline
from portal.identity.staff.queries import with_second_factor


@bp.get("")
@allow(Permission.BUSINESS_READ)
def businesses() -> Response:
    """Businesses, by name unless asked otherwise."""
    asked = read_query(request.path, request.args, filters=queries.FILTERS, sorts=queries.SORTS, default="name")
    listing = queries.listing(asked)
    if typed := asked.args.get("q"):
        listing.chip("Name or NPN", "q", typed)
    if (sync := asked.args.get("sync")) in ("on", "off"):
        listing.chip("Policy Sync", "sync", sync)
    npns = queries.npns_by_business(one.id for one in listing.items)
    return page("businesses/list.html", block="results", listing=listing, npns=npns)


@bp.get("/<uuid:record_id>")
@allow(Permission.BUSINESS_READ)
def business(record_id: UUID) -> Response:
    """One Business."""
    found = find(record_id)
    npns = queries.npns_of(found.id)
    users = queries.users_of(found.id)
    return page(
        "businesses/record.html",
        business=found,
        npns=npns,
        owners=downline.by_npns(one.npn for one in npns),
        shared={one.npn: queries.other_businesses_with(one.npn, than=found.id) for one in npns},
        users=users,
        without_admin=queries.without_admin,
        factors=with_second_factor(users),
        agreement=queries.agreement(found),
        agreed=in_words(found),
        producer=downline.by_id(found.producer_id),
        principal=downline.principals([found.producer_id]).get(found.producer_id),
        panels=fragments.panels("business", found.id),
        activity_menu=registry.menu("business", found.id),
        story=activities.timeline("business", found.id),
    )


@bp.get("/of/<uuid:record_id>")
@allow(Permission.BUSINESS_READ)
def of_producer(record_id: UUID) -> Response:
    """The Businesses that have the NPN of a record of the downline; a panel of that record."""
    producer = downline.by_id(record_id)
    if producer is None:
        not_yours()
    return page(
        "businesses/of_producer.html", block="results", producer=producer, businesses=queries.by_npn(producer.npn)
    )
