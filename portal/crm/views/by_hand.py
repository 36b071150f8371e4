"""Merging two contacts that a person brings together: found by a search, or ticked in the list."""

from __future__ import annotations

from uuid import UUID

from flask import Response, flash, request, url_for

from portal.core import scope, search_tokens
from portal.core.fragments import go, page
from portal.core.ids import parse_id
from portal.core.lookup import find_or_404
from portal.core.permissions import Permission, allow
from portal.core.sent import repeats
from portal.crm import queries, words
from portal.crm.duplicates import merging
from portal.crm.duplicates import queries as pairs
from portal.crm.duplicates.events import DUPLICATE_READ
from portal.crm.events import CONTACT_LIST
from portal.crm.models import Contact
from portal.crm.panels import panel
from portal.crm.views import bp
from portal.crm.views.duplicates import BUSY, CHOOSE, MERGED, side_by_side, which_stays

OFFERED = 25
CHANGED = "One of the two has changed, was merged or has left the account meanwhile. Nothing was merged."


@bp.get("/contacts/<uuid:contact_id>/merge")
@allow(Permission.CRM_MERGE, CONTACT_LIST)
def choose_twin(contact_id: UUID) -> Response:
    """Which other contact is the same person? A name is typed, and its contacts are offered."""
    return _offer(find_or_404(Contact, contact_id))


def _offer(found: Contact) -> Response:
    text = search_tokens.read(request.args.get("q"))
    offered = [one for one in queries.found_contacts(text, OFFERED) if one.id != found.id]
    return page("crm/twin.html", contact=found, text=text, offered=offered, words=words, **panel())


@bp.post("/contacts/<uuid:contact_id>/merge")
@allow(Permission.CRM_MERGE, CONTACT_LIST)
def search_twin(contact_id: UUID) -> Response:
    """Keep what was typed and offer its contacts by its token."""
    text = request.form.get("q", "").strip()
    token = search_tokens.keep(text) if text else None
    return go(url_for("crm.choose_twin", contact_id=find_or_404(Contact, contact_id).id, q=token))


@bp.post("/contacts/together")
@allow(Permission.CRM_MERGE)
@repeats("contact")
def bring_together() -> Response:
    """Compare the two contacts that were ticked in the list."""
    ticked = list(dict.fromkeys(request.form.getlist("contact")))
    if len(ticked) != 2:
        flash("Tick the two contacts that are one person, no more and no fewer.", "error")
        return go(url_for("crm.contacts"))
    one, other = (find_or_404(Contact, contact_id) for contact_id in ticked)
    return go(_href(one, other))


@bp.get("/contacts/<uuid:contact_id>/compare")
@allow(Permission.CRM_MERGE, DUPLICATE_READ)
def compare(contact_id: UUID) -> Response:
    """Two contacts side by side; a pair that waits, or was decided, is shown as such."""
    one = find_or_404(Contact, contact_id)
    other = _other(one)
    if other is None:
        return _offer(one)
    pair = pairs.pair_between(one, other)
    return go(url_for("crm.duplicate", pair_id=pair.id)) if pair is not None else side_by_side(one, other, None)


@bp.post("/contacts/<uuid:contact_id>/compare")
@allow(Permission.CRM_MERGE, DUPLICATE_READ)
def merge_by_hand(contact_id: UUID) -> Response:
    """Make the two one, under the contact that was chosen to stay."""
    one = find_or_404(Contact, contact_id)
    other = _other(one)
    if other is None:
        return _offer(one)
    if pairs.pair_between(one, other) is not None:
        return go(_href(one, other))  # found or decided meanwhile: that page says so
    chosen = which_stays(one, other)
    if chosen is None:
        return side_by_side(one, other, None, problem=CHOOSE, status=422)
    kept, merged = chosen
    try:
        merging.merge(None, kept, merged, by=scope.current())
    except merging.Busy:
        return side_by_side(one, other, None, problem=BUSY, status=409)
    except merging.Decided:
        flash(CHANGED, "error")
        return go(url_for("crm.contacts"))
    flash(MERGED)
    return go(url_for("crm.contact", contact_id=kept.id))


def _href(one: Contact, other: Contact) -> str:
    return url_for("crm.compare", contact_id=one.id, other=other.id)


def _other(one: Contact) -> Contact | None:
    """The second of the two, which the address names; None where it names none but the first."""
    wanted = parse_id(request.args.get("other", ""))
    return find_or_404(Contact, wanted) if wanted is not None and wanted != one.id else None
