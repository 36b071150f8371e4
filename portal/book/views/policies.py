"""The list of policies and the page of one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, flash, request, url_for

from portal.book import queries, words
from portal.book.absence import queries as absence
from portal.book.attributions import queries as attributions
from portal.book.attributions.operations import take_back
from portal.book.events import LISTED, SEEN
from portal.book.models import Member, Policy
from portal.book.queries.policies import FILTERS, NO_KIND, SORTS
from portal.book.report.history import plan_history
from portal.book.views import bp
from portal.core import scope, search_tokens
from portal.core.fragments import go, page
from portal.core.lookup import find_or_404
from portal.core.paging import Listing, read_query
from portal.core.permissions import Permission, allow
from portal.downline import queries as downline


@bp.get("/policies")
@allow(Permission.BOOK_READ, LISTED)
def policies() -> Response:
    """The book, by member unless asked otherwise."""
    asked = read_query(request.path, request.args, filters=FILTERS, sorts=SORTS, default="member")
    listing = queries.policy_listing(asked)
    text = search_tokens.read(asked.args.get("q"))
    _chips(listing, text)
    npns = [policy.writing_npn for policy in listing.items if policy.writing_npn]
    return page(
        "book/policies.html",
        block="results",
        listing=listing,
        members=queries.members_of(listing.items),
        agents=downline.by_npns(npns),
        carrier_choices=words.carrier_choices(queries.carriers()),
        text=text,
        words=words,
    )


def _chips(listing: Listing[Policy], text: str) -> None:
    args = listing.asked.args
    if text:
        listing.chip("Search", "q", text)
    if carrier := args.get("carrier"):
        listing.chip("Carrier", "carrier", words.carrier(carrier))
    if status := args.get("status"):
        listing.chip("Status", "status", words.status(status)[0])
    if (attributed := args.get("attributed")) in ("yes", "no"):
        listing.chip("Writing agent", "attributed", "Known" if attributed == "yes" else "Unattributed")
    if (missing := args.get("missing")) in ("yes", "no"):
        listing.chip("Feed", "missing", "Missing from the feed" if missing == "yes" else "Told by the feed")
    if args.get("marked"):
        listing.chip("Missing", "marked", "Marked by one file")
    if npn := args.get("npn"):
        listing.chip("NPN", "npn", npn)
    if kind := args.get("kind"):
        listing.chip("Identifier", "kind", "None" if kind == NO_KIND else words.identifier(kind))
    if value := args.get("value"):
        listing.chip("Value", "value", value)


@bp.post("/policies/search")
@allow(Permission.BOOK_READ)
def search_policies() -> Response:
    """Keep what was typed and show the list by its token: a member's name never stands in an address."""
    asked = {key: request.args.get(key) for key in (*FILTERS, "sort")}
    kept: dict[str, Any] = {key: value for key, value in asked.items() if value and key != "q"}
    text = request.form.get("q", "").strip()
    if text:
        kept["q"] = search_tokens.keep(text)
    return go(url_for("book.policies", **kept))


@bp.get("/policies/<uuid:policy_id>")
@allow(Permission.BOOK_READ, SEEN)
def policy(policy_id: UUID) -> Response:
    """One policy, its writing agent and where it was read."""
    found = find_or_404(Policy, policy_id)
    member = find_or_404(Member, found.member_id)
    writers = queries.writers_of(found)
    agents = downline.by_npns({writer.npn for writer in writers if writer.npn})
    run = queries.run_of(found)
    absences = absence.absences_of(found)
    context: dict[str, Any] = {"policy": found, "member": member, "writers": writers, "agents": agents, "run": run}
    context |= {
        "absences": absences,
        "by_hand": attributions.standing(found.identity),
        "stretches": plan_history(found),
        "writer_runs": queries.runs_by_ids(one.run_id for one in writers if one.run_id),
    }
    return page("book/policy.html", others=_others(found), words=words, **context)


@bp.post("/policies/<uuid:policy_id>/attribution/end")
@allow(Permission.BOOK_ATTRIBUTE, SEEN)
def end_attribution(policy_id: UUID) -> Response:
    """Take back what was said by hand about the writing agent."""
    found = find_or_404(Policy, policy_id, to_change=True)
    if take_back(found, by=scope.current()):
        flash("Taken back. What the carrier’s file and the crosswalk say decides again.")
    else:
        flash("Somebody has taken it back already. Nothing was changed.", "error")
    return go(url_for("book.policy", policy_id=found.id))


def _others(found: Policy) -> list[tuple[str, str]]:
    parts = [part.partition(": ") for part in (found.other_agents or "").split("; ") if part]
    return [(label, name) for label, _, name in parts]
