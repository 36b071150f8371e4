"""What the account's people typed, for them to take along: never a value that only a carrier told."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

from sqlalchemy import or_, select

from portal.core import access, clock
from portal.core.csv_file import csv_text
from portal.core.scope import Role, Scope
from portal.crm import words
from portal.crm.events import OWN_EXPORT
from portal.crm.models import TYPED_FIELDS, Contact, Note
from portal.crm.values import told
from portal.extensions import db

NOTES = ("First name", "Last name", "Written by", "Written on", "Note")


def is_whole(by: Scope) -> bool:
    """Whether somebody takes along what anybody of the account typed, and not only what they made themselves."""
    return by.role is Role.AGENT_ADMIN


def own_data(by: Scope) -> bytes:
    """A ZIP of contacts.csv and notes.csv: an Administrator's holds what anybody of the account typed, everybody
    else's the contacts that they made and the notes that they wrote. The download is logged with every contact.
    """
    contacts, notes = _contacts(by), _notes(by)
    own = {contact.id: contact for contact in contacts}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as folder:
        header = [words.FIELDS[field] for field in TYPED_FIELDS]
        rows = [_contact_cells(contact) for contact in contacts]
        folder.writestr("contacts.csv", csv_text(header, rows))
        folder.writestr("notes.csv", csv_text(NOTES, (_note_cells(note, own.get(note.contact_id)) for note in notes)))
    noted = _noted(notes)
    people = {contact.id: contact.member_id for contact in (*contacts, *noted)}
    members = {member for member in people.values() if member is not None}
    access.record(
        OWN_EXPORT, kind="contact", ids=list(people), members=members, contacts=len(contacts), notes=len(notes)
    )
    return file.getvalue()


def _contact_cells(contact: Contact) -> list[str | None]:
    """What was typed of a contact; telephone numbers as the pages show them, the rest as it is stored."""
    said = told(contact)
    if number := said.get("phone"):
        said["phone"] = words.said("phone", number)
    return [said.get(field) for field in TYPED_FIELDS]


def _notes(by: Scope) -> list[Note]:
    query = select(Note).order_by(Note.created_at, Note.id)
    if not is_whole(by):
        query = query.where(Note.author_id == by.actor_id)
    return list(db.session.scalars(query))


def _contacts(by: Scope) -> list[Contact]:
    own = or_(Contact.typed != {}, Contact.brought != {})
    query = select(Contact).where(own).order_by(Contact.sort_key, Contact.id)
    if not is_whole(by):
        query = query.where(Contact.made_by == by.actor_id)
    return list(db.session.scalars(query))


def _noted(notes: Sequence[Note]) -> Sequence[Contact]:
    """Whom the notes are about."""
    return db.session.scalars(select(Contact).where(Contact.id.in_({note.contact_id for note in notes}))).all()


def _note_cells(note: Note, contact: Contact | None) -> tuple[object, ...]:
    # A contact that only the carrier named stays without its name here.
    name = told(contact) if contact else {}
    return name.get("first_name"), name.get("last_name"), note.author_name, clock.day(note.created_at), note.body
