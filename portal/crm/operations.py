"""What agents write: contacts by hand, their own values, notes. Carrier values are the sync's alone."""

from __future__ import annotations

from collections.abc import Mapping

from portal.core import access, crypto, scope
from portal.core.ids import new_id
from portal.core.scope import Scope
from portal.crm.duplicates.finding import TELLING, look_again
from portal.crm.events import CARRIER_DISMISS, CONTACT_ADD, CONTACT_EDIT, NOTE_ADD
from portal.crm.models import ADDRESS, TYPED_FIELDS, Contact, Note
from portal.crm.values import beneath
from portal.extensions import db


def add_contact(values: Mapping[str, str], *, by: Scope, mbi: str | None = None) -> Contact:
    """A contact of the agent's own from normalised `values` (keys of TYPED_FIELDS, "" for none), and a readable MBI."""
    typed = {field: values[field] for field in TYPED_FIELDS if values.get(field)}
    contact = Contact(id=new_id(), typed=typed, carried={}, agent_owned=True, made_by=by.actor_id)
    _keep_mbi(contact, mbi)
    db.session.add(contact)
    db.session.flush()
    said = [*typed, *(["mbi"] if mbi else [])]
    access.record(CONTACT_ADD, subject=contact, fields=said, changed=said)
    look_again(contact.business_id)
    return contact


def _keep_mbi(contact: Contact, mbi: str | None) -> None:
    if mbi:
        fmo_id = scope.fmo_id()
        contact.typed_mbi = crypto.encrypt(mbi, fmo_id=fmo_id, field="mbi")
        contact.typed_mbi_hash = crypto.keyed_hash(mbi, fmo_id=fmo_id, field="mbi")


def fill_blanks(
    contact: Contact, values: Mapping[str, str], *, again: Mapping[str, str], by: Scope, mbi: str | None = None
) -> list[str]:
    """Keep of `values` what the contact does not know yet, and `mbi` where it has none; gives the fields' names.

    What was said `again` is kept beneath: it shows once no carrier tells it any more.
    """
    fill = {name: value for name, value in values.items() if value and not getattr(contact, name)}
    said = list(fill)
    if mbi and not contact.mbi_hash and not contact.typed_mbi_hash:
        _keep_mbi(contact, mbi)
        said.append("mbi")
    if said:
        contact.typed = {**contact.typed, **fill}
        contact.brought = {**contact.brought, **again}
        contact.agent_owned = True
        access.record(CONTACT_EDIT, subject=contact, fields=said, changed=said)
        look_again(contact.business_id)
    return said


def change_contact(contact: Contact, values: Mapping[str, str], *, by: Scope) -> list[str]:
    """Keep of `values` what differs from what stands beneath; an empty one shows the carrier's again.

    Returns the names of the fields that changed; the contact is then the agent's own, and `by` is who changed it.
    """
    below = beneath(contact)
    typed = {field: values[field] for field in TYPED_FIELDS if values.get(field) and values[field] != below.get(field)}
    changed = [field for field in TYPED_FIELDS if typed.get(field) != contact.typed.get(field)]
    if changed:
        contact.typed = typed
        if set(ADDRESS) & set(changed):
            # An address that is put right takes along what else a file had said of it.
            contact.brought = {n: v for n, v in contact.brought.items() if n not in ADDRESS or values.get(n) == v}
        # Who types over a carrier's value has seen it: only a newer one is offered.
        aside = {name: said for name in changed if name in typed and (said := contact.carried.get(name))}
        contact.dismissed = {**contact.dismissed, **aside}
        contact.agent_owned = True
        access.record(CONTACT_EDIT, subject=contact, fields=changed, changed=changed)
        if TELLING & set(changed):
            look_again(contact.business_id)
    return changed


def accept_carrier(contact: Contact, field: str, *, by: Scope) -> bool:
    """Show the carrier's value of `field` again instead of the typed one; False where there are not both."""
    if field not in TYPED_FIELDS or field not in contact.typed or not contact.carried.get(field):
        return False
    contact.typed = {name: value for name, value in contact.typed.items() if name != field}
    contact.agent_owned = True
    access.record(CONTACT_EDIT, subject=contact, fields=[field], changed=[field])
    return True


def dismiss_carrier(contact: Contact, field: str, *, by: Scope) -> bool:
    """Leave the carrier's present value of `field` aside: a newer one is offered again. False where there is none."""
    said = contact.carried.get(field)
    if field not in contact.typed or not said or contact.dismissed.get(field) == said:
        return False
    contact.dismissed = {**contact.dismissed, field: said}
    access.record(CARRIER_DISMISS, subject=contact, fields=[field], changed=[field])
    return True


def add_note(contact: Contact, body: str, *, by: Scope) -> Note:
    """Write `body` on the contact, which is the agent's own from then on."""
    note = Note(id=new_id(), contact_id=contact.id, author_id=by.actor_id, author_name=by.actor_name, body=body)
    db.session.add(note)
    contact.agent_owned = True
    members = {contact.member_id} if contact.member_id else None
    access.record(NOTE_ADD, subject=note, members=members, contact=str(contact.id))
    return note
