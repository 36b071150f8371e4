"""What is read under an emergency access: the account's contacts with their policies, and nothing that agents wrote.

These pages are answered under the login `emergency`, for which PostgreSQL itself asks for a living access.
"""

from __future__ import annotations

from uuid import UUID

from flask import Response, request, url_for

from portal.core import clock, search_tokens
from portal.core.fragments import go, page
from portal.core.lookup import find_or_404
from portal.core.paging import read_query
from portal.core.permissions import Permission, allow
from portal.crm import ages, queries, words
from portal.crm.events import CONTACT_LIST, CONTACT_READ
from portal.crm.models import Contact
from portal.crm.queries.contacts import SORTS
from portal.crm.views import emergency_bp as bp


@bp.get("/contacts")
@allow(Permission.EMERGENCY_READ, CONTACT_LIST)
def contacts() -> Response:
    """The account's contacts."""
    asked = read_query(request.path, request.args, filters=("q",), sorts=SORTS, default="name")
    text = search_tokens.read(asked.args.get("q"))
    listing = queries.contact_listing(asked, text)
    if asked.args.get("q"):
        listing.chip("Search", "q", text or "no longer kept, search again")
    return page("emergency/contacts.html", block="results", listing=listing, text=text, words=words)


@bp.post("/contacts/search")
@allow(Permission.EMERGENCY_READ)
def search() -> Response:
    """Keep what was typed and show the list by its token: a client's name never stands in an address."""
    text = request.form.get("q", "").strip()
    return go(url_for("emergency.contacts", q=search_tokens.keep(text) if text else None))


@bp.get("/contacts/<uuid:contact_id>")
@allow(Permission.EMERGENCY_READ, CONTACT_READ)
def contact(contact_id: UUID) -> Response:
    """One contact with policies; the Medicare number and what agents noted are not part of it."""
    found = find_or_404(Contact, contact_id)
    return page(
        "emergency/contact.html",
        contact=found,
        policies=queries.policies_of(found),
        today=clock.today(),
        ages=ages,
        words=words,
    )
