"""What agents type about a contact, checked and brought into the form in which carriers' values are kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from hashlib import blake2b
from typing import Any

from flask import current_app
from wtforms import BooleanField, DateField, HiddenField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, Optional, ValidationError

from portal.connectors import normalise
from portal.connectors.names import tidied
from portal.core import clock
from portal.core.forms import Form, readable, stripped
from portal.crm.models import TYPED_FIELDS, Contact
from portal.crm.words import FIELDS, GENDERS, phone

OLDEST = date(1900, 1, 1)
_GENDER_CHOICES = [SelectChoice("", "Not known"), *(SelectChoice(key, word) for key, word in GENDERS.items())]
_READERS: dict[str, Callable[[str], str | None]] = {
    "email": normalise.email,
    "phone": normalise.phone,
    "state": normalise.state,
    "zip": normalise.zip_code,
}
CHANGED_MEANWHILE = "Somebody changed this contact while you were writing. Nothing was saved; look at it again first."


def _text(name: str, *checks: Any, limit: int = 120) -> StringField:
    label = FIELDS[name]
    short = Length(max=limit, message=f"{label}: write at most {limit} characters.")
    return StringField(label, filters=[tidied], validators=[*checks, short])


class ContactForm(Form):
    """One field for each of TYPED_FIELDS, and the state of the contact that the person looked at."""

    seen = HiddenField()
    given = HiddenField()  # a mark of each value that the form was filled with
    first_name = _text("first_name", DataRequired("Enter the first name."))
    middle_name = _text("middle_name")
    last_name = _text("last_name", DataRequired("Enter the last name."))
    suffix = _text("suffix", limit=10)
    birth_date = DateField(FIELDS["birth_date"], validators=[Optional()])
    gender = SelectField(FIELDS["gender"], choices=_GENDER_CHOICES, validators=[Optional()])
    email = _text("email", readable(normalise.email, "Enter an e-mail address like name@mail.example."), limit=254)
    phone = _text("phone", readable(normalise.phone, "Enter a phone number with its area code."), limit=40)
    address1 = _text("address1")
    address2 = _text("address2")
    city = _text("city")
    state = _text("state", readable(normalise.state, "Enter the state's two letters or its name."), limit=40)
    zip = _text("zip", readable(normalise.zip_code, "Enter a ZIP code of five digits."), limit=10)

    @classmethod
    def of(cls, contact: Contact) -> ContactForm:
        """The form, filled with what the contact shows."""
        return cls(data={**_filled(contact), "seen": version_of(contact), "given": _marks(contact, _shown(contact))})

    def validate_birth_date(self, field: DateField) -> None:
        """A living person's birth date."""
        if field.data and not OLDEST <= field.data <= clock.today():
            raise ValidationError("Enter a birth date between 1900 and today.")

    def values(self) -> dict[str, str]:
        """Field → value as stored; "" for an empty one."""
        return {name: stored or "" for name, (_, stored) in self._read().items()}

    def _read(self) -> dict[str, tuple[str, str | None]]:
        """Field → (its text, what that is as it is stored: None where it cannot be read)."""
        found: dict[str, tuple[str, str | None]] = {}
        for name in TYPED_FIELDS:
            typed = self[name].data
            text = typed.isoformat() if isinstance(typed, date) else typed or ""
            found[name] = text, _READERS[name](text) if name in _READERS and text else text
        return found

    def is_stale(self, contact: Contact) -> bool:
        """Whether the contact changed since the form was shown."""
        return bool(self.seen.data != version_of(contact))

    def look_again(self, contact: Contact) -> None:
        """Show the contact as it is now; only what the person wrote themselves stays.

        A value that was only shown may have been a carrier's, and have left the account since.
        """
        posted = {name: text if stored is None else stored for name, (text, stored) in self._read().items()}
        given, untouched, now = (self.given.data or "").split(","), _marks(contact, posted).split(","), _filled(contact)
        for name, was, is_now in zip(TYPED_FIELDS, given, untouched, strict=False):
            if was == is_now:
                self[name].data, self[name].raw_data = now[name], None
        self.seen.data, self.given.data = version_of(contact), _marks(contact, _shown(contact))


class NewContactForm(ContactForm):
    """A contact to be added, with the Medicare number and what to do where the account knows the person."""

    mbi = StringField("Medicare number", filters=[tidied])
    fill = BooleanField("Fill in there what is missing")
    anyway = BooleanField("Add anyway: this is somebody else")

    def validate_mbi(self, field: StringField) -> None:
        """Eleven characters in the form of a Medicare Beneficiary Identifier."""
        if field.data and normalise.mbi_or_none(field.data) is None:
            raise ValidationError("Enter the 11 characters of the Medicare number as they stand on the card.")

    def medicare_number(self) -> str | None:
        """The number as it is kept, None where none was typed."""
        return normalise.mbi(self.mbi.data) if self.mbi.data else None


def _shown(contact: Contact) -> dict[str, str]:
    born = contact.birth_date
    return {**{n: getattr(contact, n) or "" for n in TYPED_FIELDS}, "birth_date": born.isoformat() if born else ""}


def _filled(contact: Contact) -> dict[str, Any]:
    return {**{name: getattr(contact, name) for name in TYPED_FIELDS}, "phone": phone(contact.phone)}


def _marks(contact: Contact, values: Mapping[str, str]) -> str:
    """A mark for each of TYPED_FIELDS that tells whether a value is still the same one, and not what it is."""
    key = str(current_app.secret_key).encode()[:64]
    marks = (
        blake2b(f"{contact.id}|{name}|{values[name]}".encode(), key=key, digest_size=9).hexdigest()
        for name in TYPED_FIELDS
    )
    return ",".join(marks)


def version_of(contact: Contact) -> str:
    """What changes whenever the contact does."""
    return contact.updated_at.isoformat()


class NoteForm(Form):
    """A note."""

    body = TextAreaField(
        "Note",
        filters=[stripped],
        validators=[
            DataRequired("Write something first."),
            Length(max=10_000, message="Write at most 10,000 characters."),
        ],
        render_kw={"rows": 3},
    )
