"""Adding a contact by hand, and changing one."""

from __future__ import annotations

from uuid import UUID

from flask import Response, flash, request, url_for

from portal.core import scope
from portal.core.fragments import go, page
from portal.core.lookup import find, find_or_404
from portal.core.permissions import Permission, allow
from portal.crm import operations, words
from portal.crm.events import CONTACT_READ
from portal.crm.forms import CHANGED_MEANWHILE, ContactForm, NewContactForm
from portal.crm.models import Contact
from portal.crm.panels import panel
from portal.crm.uploads import typed_in
from portal.crm.uploads import words as upload_words
from portal.crm.uploads.typed_in import Recognised
from portal.crm.views import bp


@bp.get("/contacts/new")
@allow(Permission.CRM_EDIT)
def new_contact() -> Response:
    """An empty form."""
    return _form_page(NewContactForm(), None)


@bp.post("/contacts/new")
@allow(Permission.CRM_EDIT, CONTACT_READ)
def add_contact() -> Response:
    """Add the contact, unless the account knows the person: then say so first."""
    form = NewContactForm()
    if not form.validate_on_submit():
        return _form_page(form, None, status=422)
    values, mbi = form.values(), form.medicare_number()
    found = typed_in.recognise(values, mbi)
    if found.match is not None:
        known = find_or_404(Contact, found.match)
        if not form.fill.data:
            return _known_page(form, found, [known])
        filled = operations.fill_blanks(known, found.fill, again=found.lends, mbi=mbi, by=scope.current())
        flash("What was missing is filled in." if filled else "Nothing was missing.")
        return go(url_for("crm.contact", contact_id=known.id))
    if found.removed or (found.alike and not form.anyway.data):
        return _known_page(form, found, [one for id_, _ in found.alike if (one := find(Contact, id_))])
    made = operations.add_contact(values, mbi=mbi, by=scope.current())
    flash("The contact is added.")  # no name: what is flashed is kept in the session's row
    return go(url_for("crm.contact", contact_id=made.id))


def _known_page(form: NewContactForm, found: Recognised, people: list[Contact]) -> Response:
    """The form again, under whom the account knows; nothing was saved."""
    reasons = dict(found.alike)
    return page(
        "crm/edit.html",
        status=422,
        form=form,
        contact=None,
        recognised=found,
        people=[(one, reasons.get(one.id)) for one in people],
        upload_words=upload_words,
        words=words,
        **panel(),
    )


@bp.get("/contacts/<uuid:contact_id>/edit")
@allow(Permission.CRM_EDIT, CONTACT_READ)
def edit_contact(contact_id: UUID) -> Response:
    """The form, filled with what the contact shows."""
    found = find_or_404(Contact, contact_id)
    return _form_page(ContactForm.of(found), found)


@bp.post("/contacts/<uuid:contact_id>/edit")
@allow(Permission.CRM_EDIT, CONTACT_READ)
def change_contact(contact_id: UUID) -> Response:
    """Save what the agent typed, beside the carrier's values."""
    # As it is once nobody else is changing it: what a release takes away must not come back with this form.
    found = find_or_404(Contact, contact_id, to_change=True)
    form = ContactForm()
    if form.is_stale(found):
        form.look_again(found)
        form.form_errors.append(CHANGED_MEANWHILE)
        return _form_page(form, found, status=422)
    if not form.validate_on_submit():
        return _form_page(form, found, status=422)
    changed = operations.change_contact(found, form.values(), by=scope.current())
    flash("The changes are saved." if changed else "Nothing was changed.")
    return go(url_for("crm.contact", contact_id=found.id))


@bp.post("/contacts/<uuid:contact_id>/carrier-value")
@allow(Permission.CRM_EDIT, CONTACT_READ)
def accept_carrier(contact_id: UUID) -> Response:
    """Take the carrier's value of the posted field."""
    found = find_or_404(Contact, contact_id, to_change=True)
    taken = operations.accept_carrier(found, request.form.get("field", ""), by=scope.current())
    flash("The carrier's value stands again." if taken else "Nothing was changed.")
    return go(url_for("crm.contact", contact_id=found.id))


@bp.post("/contacts/<uuid:contact_id>/dismiss")
@allow(Permission.CRM_EDIT, CONTACT_READ)
def dismiss_carrier(contact_id: UUID) -> Response:
    """Leave the carrier's newer value of the posted field aside."""
    found = find_or_404(Contact, contact_id, to_change=True)
    done = operations.dismiss_carrier(found, request.form.get("field", ""), by=scope.current())
    flash("What you typed stays. A newer value of the carrier will be shown again." if done else "Nothing was changed.")
    return go(url_for("crm.contact", contact_id=found.id))


def _form_page(form: ContactForm, found: Contact | None, status: int = 200) -> Response:
    return page("crm/edit.html", status=status, form=form, contact=found, words=words, **panel())
