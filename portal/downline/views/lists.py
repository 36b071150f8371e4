"""The lists of agents and of agencies."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from portal.core.fragments import page
from portal.core.paging import Listing, read_query
from portal.core.permissions import Permission, allow
from portal.downline import queries
from portal.downline.models import Producer
from portal.downline.views import bp


@bp.get("/agents")
@allow(Permission.DOWNLINE_READ)
def agents() -> Response:
    """Agents, by name unless asked otherwise."""
    listing = _listing("agent")
    agencies = queries.by_ids(one.agency_id for one in listing.items if one.agency_id)
    choices = [("", "All agencies"), ("none", "Without agency")]
    choices += [(str(agency.id), agency.name) for agency in queries.agencies()]
    _agency_chip(listing, dict(choices))
    context: dict[str, Any] = {"agencies": agencies, "agency_choices": choices}
    return page("downline/agents.html", block="results", listing=listing, states=queries.states(), **context)


@bp.get("/agencies")
@allow(Permission.DOWNLINE_READ)
def agencies() -> Response:
    """Agencies, by name unless asked otherwise."""
    listing = _listing("agency")
    members = queries.agent_counts(agency.id for agency in listing.items)
    principals = queries.principals(agency.id for agency in listing.items)
    return page(
        "downline/agencies.html",
        block="results",
        listing=listing,
        states=queries.states(),
        members=members,
        principals=principals,
    )


def _listing(kind: str) -> Listing[Producer]:
    asked = read_query(request.path, request.args, filters=queries.FILTERS, sorts=queries.SORTS, default="name")
    listing = queries.listing(kind, asked)
    if typed := asked.args.get("q"):
        listing.chip("Name or NPN", "q", typed)
    if state := asked.args.get("state"):
        listing.chip("State", "state", state)
    if (active := asked.args.get("active")) in ("yes", "no"):
        listing.chip("Status", "active", "Active" if active == "yes" else "Inactive")
    return listing


def _agency_chip(listing: Listing[Producer], names: dict[str, str]) -> None:
    if chosen := listing.asked.args.get("agency"):
        listing.chip("Agency", "agency", names.get(chosen, "one that is not in your downline"))
