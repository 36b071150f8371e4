"""The queue of possible duplicates: side by side, merged or not the same; and taking a merge back."""

from __future__ import annotations

from uuid import UUID

from flask import Response, flash, request, url_for

from portal.core import scope
from portal.core.fragments import go, page
from portal.core.ids import parse_id
from portal.core.lookup import find, find_or_404
from portal.core.paging import read_query
from portal.core.permissions import Permission, allow
from portal.core.transaction import not_yours
from portal.crm import words
from portal.crm.duplicates import merging, queries
from portal.crm.duplicates.events import DUPLICATE_LIST, DUPLICATE_READ
from portal.crm.duplicates.models import ContactMerge
from portal.crm.events import CONTACT_READ
from portal.crm.models import Contact, PossibleDuplicate
from portal.crm.panels import panel
from portal.crm.views import bp

BUSY = (
    "Contacts are being added to this account at this moment, by Policy Sync or an upload. Nothing was changed; try"
    " again in a minute."
)
MERGED = "The two are one contact now. You can take that back on its page."
CHOOSE = "Choose which of the two to keep."
NO_LONGER = "These two are not asked about any more, for what they say has changed. Nothing was changed."


@bp.get("/duplicates")
@allow(Permission.CRM_DUPLICATES, DUPLICATE_LIST)
def duplicates() -> Response:
    """Pairs that wait for a person, the likeliest first; or those that were kept apart."""
    asked = read_query(request.path, request.args, filters=queries.FILTERS, sorts=queries.SORTS, default="-strength")
    listing = queries.listing(asked)
    people = queries.contacts_of(listing.items)
    return page(
        "crm/duplicates.html",
        block="results",
        listing=listing,
        apart=asked.args.get("state") == queries.APART,
        people=people,
        likely=queries.likely,
        words=words,
        **panel(),
    )


@bp.get("/duplicates/<uuid:pair_id>")
@allow(Permission.CRM_DUPLICATES, DUPLICATE_READ)
def duplicate(pair_id: UUID) -> Response:
    """Two contacts side by side; once it is decided, what was decided."""
    pair = find_or_404(PossibleDuplicate, pair_id)
    return _compare(pair) if _is_open(pair) else _decided(pair)


@bp.post("/duplicates/<uuid:pair_id>/merge")
@allow(Permission.CRM_MERGE, DUPLICATE_READ)
def merge_contacts(pair_id: UUID) -> Response:
    """Make the two one, under the contact that was chosen to stay."""
    pair = find(PossibleDuplicate, pair_id) or _asked_no_more()
    if isinstance(pair, Response):
        return pair
    if not _is_open(pair):
        return _decided(pair, status=409)
    one, other = _contacts(pair)
    chosen = which_stays(one, other)
    if chosen is None:
        return _compare(pair, problem=CHOOSE, status=422)
    kept, merged = chosen
    try:
        merging.merge(pair, kept, merged, by=scope.current())
    except merging.Busy:
        return _compare(pair, problem=BUSY, status=409)
    except merging.Decided:
        return _too_late(pair_id)
    flash(MERGED)
    return go(url_for("crm.contact", contact_id=kept.id))


@bp.post("/duplicates/<uuid:pair_id>/different")
@allow(Permission.CRM_DUPLICATES, DUPLICATE_READ)
def not_the_same(pair_id: UUID) -> Response:
    """Keep that the two are two people."""
    pair = find(PossibleDuplicate, pair_id) or _asked_no_more()
    if isinstance(pair, Response):
        return pair
    if not _is_open(pair):
        return _decided(pair, status=409)
    try:
        merging.not_the_same(pair, by=scope.current())
    except merging.Decided:
        return _too_late(pair_id)
    flash("Kept as two people. Nobody is asked about these two again, unless you ask again under Kept apart.")
    return go(url_for("crm.duplicates"))


@bp.post("/duplicates/<uuid:pair_id>/again")
@allow(Permission.CRM_DUPLICATES, DUPLICATE_READ)
def ask_again(pair_id: UUID) -> Response:
    """Let a pair that was kept apart wait for a decision again."""
    pair = find_or_404(PossibleDuplicate, pair_id)
    if merging.ask_again(pair, by=scope.current()):
        flash("The two wait for a decision again.")
    return go(url_for("crm.duplicate", pair_id=pair.id))


@bp.get("/merges/<uuid:merge_id>")
@allow(Permission.CRM_MERGE, CONTACT_READ)
def merge(merge_id: UUID) -> Response:
    """What taking the merge back does, before it is done."""
    return _merge_page(find_or_404(ContactMerge, merge_id))


@bp.post("/merges/<uuid:merge_id>/undo")
@allow(Permission.CRM_MERGE, CONTACT_READ)
def undo_merge(merge_id: UUID) -> Response:
    """Make two contacts of the one again."""
    made = find_or_404(ContactMerge, merge_id)
    try:
        merging.undo(made, by=scope.current())
    except merging.Busy:
        return _merge_page(made, problem=BUSY, status=409)
    except merging.NotLast:
        return _merge_page(made, problem="Another merge was made after this one. Take that back first.", status=409)
    flash("The two are two contacts again.")
    kept = find(Contact, made.kept_id)
    shown = kept or find(Contact, made.merged_id)
    return go(url_for("crm.contact", contact_id=shown.id) if shown else url_for("crm.contacts"))


def which_stays(one: Contact, other: Contact) -> tuple[Contact, Contact] | None:
    """(the contact that stays, the one that goes into it) as the form says; None where it says nothing."""
    keep = parse_id(request.form.get("keep", ""))
    if keep is None:
        return None
    if keep not in (one.id, other.id):
        not_yours(asked_for=keep)
    return (one, other) if keep == one.id else (other, one)


def _too_late(pair_id: UUID) -> Response:
    """Somebody else was quicker: what they decided, where it is still told."""
    pair = find(PossibleDuplicate, pair_id)
    if pair is not None:
        return _decided(pair, status=409)
    flash(NO_LONGER, "error")
    return go(url_for("crm.duplicates"))


def _asked_no_more() -> Response:
    """For a pair that is gone: its two contacts, where the form names two that the actor sees; else 404."""
    if any(find(Contact, request.form.get(side, "")) is None for side in ("one", "other")):
        not_yours()
    flash(NO_LONGER, "error")
    return go(url_for("crm.duplicates"))


def _is_open(pair: PossibleDuplicate) -> bool:
    return pair.decided_at is None and len(queries.contacts_of([pair])) == 2


def _decided(pair: PossibleDuplicate, *, status: int = 200) -> Response:
    """What was decided about the two, for whoever comes too late."""
    people = queries.contacts_of([pair])
    shown = [people[one] for one in (pair.contact_id, pair.other_id) if one in people]
    return page("crm/decided.html", status=status, pair=pair, people=shown, words=words, **panel())


def _contacts(pair: PossibleDuplicate) -> tuple[Contact, Contact]:
    people = queries.contacts_of([pair])
    return people[pair.contact_id], people[pair.other_id]


def _compare(pair: PossibleDuplicate, *, problem: str | None = None, status: int = 200) -> Response:
    return side_by_side(*_contacts(pair), pair, problem=problem, status=status)


def side_by_side(
    one: Contact, other: Contact, pair: PossibleDuplicate | None, *, problem: str | None = None, status: int = 200
) -> Response:
    """The page that compares two contacts and asks which one stays; without `pair` a person brought them together."""
    return page(
        "crm/duplicate.html",
        status=status,
        pair=pair,
        sides=(queries.side_of(one), queries.side_of(other)),
        lines=queries.lines(one, other),
        likely=queries.likely(pair.strength) if pair is not None else None,
        problem=problem,
        words=words,
        **panel(),
    )


def _merge_page(made: ContactMerge, *, problem: str | None = None, status: int = 200) -> Response:
    last = next(iter(merging.merges_of(made.kept_id)), None)
    return page(
        "crm/merge.html",
        status=status,
        made=made,
        contact=find(Contact, made.kept_id),
        is_last=last is not None and last.id == made.id,
        problem=problem,
        words=words,
        **panel(),
    )
