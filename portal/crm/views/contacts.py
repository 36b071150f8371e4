"""The list of contacts, a contact, its notes and its Medicare number."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, flash, request, url_for

from portal.core import access, clock, crypto, scope, search_tokens
from portal.core.fragments import fragment, go, page, wants_fragment
from portal.core.lookup import find_or_404
from portal.core.paging import Listing, read_query
from portal.core.permissions import Permission, allow
from portal.crm import ages, operations, queries, words
from portal.crm.duplicates import merging
from portal.crm.duplicates import queries as pairs
from portal.crm.events import CONTACT_LIST, CONTACT_READ, MBI_REVEAL
from portal.crm.forms import NoteForm
from portal.crm.models import Contact
from portal.crm.panels import panel
from portal.crm.queries.contacts import FILTERS, SORTS
from portal.crm.queries.policies import FILTERS as POLICY_FILTERS
from portal.crm.uploads import origins
from portal.crm.views import bp

TURNING = (("", "All ages"), ("next6", "Turns 65 in the next 6 months"), ("last3", "Turned 65 in the last 3 months"))


@bp.get("/contacts")
@allow(Permission.CRM_READ, CONTACT_LIST)
def contacts() -> Response:
    """The account's contacts."""
    asked = read_query(request.path, request.args, filters=FILTERS, sorts=SORTS, default="name")
    text = search_tokens.read(asked.args.get("q"))
    listing = queries.contact_listing(asked, text)
    _chips(listing, text)
    return page(
        "crm/contacts.html",
        block="results",
        listing=listing,
        text=text,
        counts=queries.policy_counts(contact.id for contact in listing.items),
        state_choices=[("", "All states"), *((state, state) for state in queries.states())],
        turning=TURNING,
        today=clock.today(),
        ages=ages,
        words=words,
        **panel(),
    )


def _chips(listing: Listing[Contact], text: str) -> None:
    args = listing.asked.args
    if args.get("q"):
        listing.chip("Search", "q", text or "no longer kept, search again")
    if state := args.get("state"):
        listing.chip("State", "state", state)
    if args.get("email") == "none":
        listing.chip("Email", "email", "without e-mail")
    if args.get("news") == "yes":
        listing.chip("Carrier", "news", "says something newer")
    if args.get("turns65") in queries.TURNING:
        turning = dict(TURNING)[args["turns65"]]
        listing.chip("Age", "turns65", turning[0].lower() + turning[1:])
    if (status := args.get("status", "")) in words.STATUSES:
        listing.chip("Policies", "status", words.status(status)[0])


@bp.post("/contacts/search")
@allow(Permission.CRM_READ)
def search_contacts() -> Response:
    """Keep what was typed and show the list by its token: a client's name never stands in an address."""
    return searched("crm.contacts")


def searched(endpoint: str) -> Response:
    """Go to the list with the posted search, its filters kept; an empty search shows the list without one."""
    asked = {key: request.args.get(key) for key in (*FILTERS, *POLICY_FILTERS, "sort", "size")}
    kept: dict[str, Any] = {key: value for key, value in asked.items() if value and key != "q"}
    text = request.form.get("q", "").strip()
    if text:
        kept["q"] = search_tokens.keep(text)
    return go(url_for(endpoint, **kept))


@bp.get("/contacts/<uuid:contact_id>")
@allow(Permission.CRM_READ, CONTACT_READ)
def contact(contact_id: UUID) -> Response:
    """One contact with policies and notes."""
    return _contact_page(find_or_404(Contact, contact_id))


def _contact_page(
    found: Contact, *, status: int = 200, form: NoteForm | None = None, mbi: str | None = None
) -> Response:
    return page(
        "crm/contact.html",
        status=status,
        contact=found,
        policies=queries.policies_of(found),
        notes=queries.story_of(found),
        duplicates=pairs.pairs_of(found),
        merges=merging.merges_of(found.id),
        brought=origins.of([found.id]) if found.typed else {},
        form=form or NoteForm(formdata=None),
        mbi=mbi,
        today=clock.today(),
        ages=ages,
        words=words,
        **panel(),
    )


@bp.post("/contacts/<uuid:contact_id>/notes")
@allow(Permission.CRM_EDIT, CONTACT_READ)
def add_note(contact_id: UUID) -> Response:
    """Put a note on the contact."""
    found = find_or_404(Contact, contact_id, to_change=True)  # nobody merges or releases it from under the note
    form = NoteForm()
    if not form.validate_on_submit():
        return _contact_page(found, status=422, form=form)
    operations.add_note(found, form.body.data, by=scope.current())
    flash("The note is on the contact.")
    return go(url_for("crm.contact", contact_id=found.id))


@bp.post("/contacts/<uuid:contact_id>/mbi")
@allow(Permission.CRM_REVEAL, MBI_REVEAL, fresh=True)
def reveal_mbi(contact_id: UUID) -> Response:
    """Show the Medicare number, once: a POST, so that no address or history shows it again."""
    found = find_or_404(Contact, contact_id)
    access.record(MBI_REVEAL, subject=found, fields=["mbi"])
    stored = found.mbi or found.typed_mbi
    mbi = crypto.decrypt(stored, fmo_id=found.fmo_id, field="mbi") if stored else None
    if wants_fragment():
        return fragment("crm/_mbi.html", contact=found, mbi=mbi)
    return _contact_page(found, mbi=mbi)
