"""What an officer types about disclosures and requests."""

from __future__ import annotations

import re

from wtforms import BooleanField, DateField, Field, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, Optional, Regexp, ValidationError

from portal.compliance.disclosures.accounting import six_years
from portal.compliance.disclosures.models import RIGHT, WRONG
from portal.compliance.disclosures.office import Office
from portal.compliance.disclosures.words import KINDS
from portal.core import clock
from portal.core.forms import Form, stripped

_ROWS = {"rows": 3}
_MOST_LINES = 6  # of an address, so that it fits on the head of a letter
_PHONE = r"^\+?[0-9(][0-9 ().-]*( ?(ext\.?|x) ?[0-9]{1,6})?$"
_DIGITS = re.compile(r"[0-9]")
_EMAIL = r"^[^\s@<>,;]+@[^\s@<>,;.]+(\.[^\s@<>,;.]+)+$"


def _long(label: str, ask: str | None, most: int = 1000) -> TextAreaField:
    needed = DataRequired(ask) if ask else Optional()  # also of blanks alone
    short = Length(max=most, message=f"Use at most {most:,} characters.")
    return TextAreaField(label, filters=[stripped], validators=[needed, short], render_kw=_ROWS)


def _not_ahead(form: object, field: Field) -> None:
    if field.data and field.data > clock.today():
        raise ValidationError("This day has not come yet.")
    if field.data and field.data.year < 2000:
        raise ValidationError("Enter a day after 1999.")


class RecordForm(Form):
    """A disclosure outside the portal."""

    disclosed_on = DateField("Disclosed on", validators=[InputRequired("Enter the day."), _not_ahead])
    kind = SelectField("Kind", validators=[InputRequired("Choose a kind.")])
    recipient = StringField(
        "Recipient", filters=[stripped], validators=[DataRequired("Say who received it."), Length(max=200)]
    )
    address = StringField("Recipient's address", filters=[stripped], validators=[Optional(), Length(max=300)])
    what = _long("What was disclosed", "Say in a few words what was disclosed.")
    purpose = _long("Purpose", "Say what for, or copy the request's words.")
    withheld_until = DateField("Not to be told before", validators=[Optional()])

    def offer(self) -> None:
        """Let a kind be chosen, in the order of the rule."""
        accounted = [SelectChoice(key, one.says) for key, one in KINDS.items() if one.accountable]
        others = [
            SelectChoice(key, f"{one.says} (not accountable)") for key, one in KINDS.items() if not one.accountable
        ]
        self.kind.choices = [SelectChoice("", "Choose a kind"), *accounted, *others]

    def validate_withheld_until(self, field: Field) -> None:
        """Only an oversight agency or law enforcement may ask for it."""
        if field.data and self.kind.data not in ("oversight", "police"):
            raise ValidationError("Only a health oversight agency or law enforcement may ask for this.")


class StrikeForm(Form):
    """Why a recorded disclosure was a mistake."""

    why = _long("Why it is struck out", "Say why this line is a mistake.", 500)


class RequestForm(Form):
    """A member's request."""

    received_on = DateField("Received on", validators=[InputRequired("Enter the day on which it came."), _not_ahead])
    first_day = DateField("Disclosures from", validators=[InputRequired("Enter the first day asked for.")])
    last_day = DateField("To", validators=[InputRequired("Enter the last day asked for."), _not_ahead])
    send_to = _long("Send the answer to", "Enter name and address as the request says.", 500)
    note = _long("Note", None)

    def validate_first_day(self, field: Field) -> None:
        """Six years at most before the day on which it was asked, and before the end."""
        if self.last_day.data and field.data > self.last_day.data:
            raise ValidationError("The first day must not be after the last.")
        if field.data < six_years(self.received_on.data).first:
            raise ValidationError("A member may ask for the six years before the request. Enter a later day.")


class PutOffForm(Form):
    """Why the answer takes longer."""

    why = _long("Why it takes longer", "Say why: the member must be told in writing, with the new day.", 500)


class DecideForm(Form):
    """Whether deliveries were wrong."""

    verdict = RadioField(
        "When these policies were delivered, were they another agent's?",
        choices=[
            SelectChoice(WRONG, "Yes, they were delivered to the wrong account"),
            SelectChoice(RIGHT, "No, they were this account's then and moved later"),
        ],
        validators=[InputRequired("Choose one.")],
    )
    note = _long("Note", "Say what you looked at and why.")
    every = BooleanField("Also those that wait and are not shown")


def _lines(typed: str | None) -> str | None:
    """A filter: no blanks around the lines, and no empty line."""
    return "\n".join(line for one in typed.splitlines() if (line := one.strip())) if typed else typed


class OfficeForm(Form):
    """Where members write and call."""

    name = StringField(
        "Name",
        filters=[stripped],
        validators=[
            DataRequired("Enter the name as members know it."),
            Length(max=120),
        ],
    )
    address = TextAreaField(
        "Postal address",
        filters=[_lines],
        validators=[
            DataRequired("Enter the postal address."),
            Length(max=400),
        ],
        render_kw={"rows": 4},
    )
    phone = StringField(
        "Telephone",
        filters=[stripped],
        validators=[
            DataRequired("Enter the telephone number."),
            Length(max=40),
            Regexp(_PHONE, message="Enter a telephone number like (212) 555-0142."),
        ],
    )
    email = StringField(
        "E-mail",
        filters=[stripped],
        validators=[
            Optional(),
            Length(max=254),
            Regexp(_EMAIL, message="Enter an e-mail address like members@office.example."),
        ],
    )

    def validate_address(self, field: Field) -> None:
        """Street or box, and a place: two lines at least."""
        if not 2 <= len(field.data.splitlines()) <= _MOST_LINES:
            raise ValidationError(
                "Enter the address in two to six lines: street or box, then city, state and ZIP code."
            )

    def validate_phone(self, field: Field) -> None:
        """With its area code."""
        if not field.errors and len(_DIGITS.findall(field.data)) < 10:
            raise ValidationError("Enter the telephone number with its area code.")

    def office(self) -> Office:
        """What was said."""
        return Office(self.name.data, self.address.data, self.phone.data, self.email.data or None)
