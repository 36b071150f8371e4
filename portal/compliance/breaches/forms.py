"""What an officer types about a case of wrong delivery."""

from __future__ import annotations

from uuid import UUID

from wtforms import (
    DateField,
    DateTimeLocalField,
    Field,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional, Regexp, ValidationError

from portal.compliance import subjects
from portal.compliance.breaches.words import CONCLUSIONS, FACTORS
from portal.core import clock
from portal.core.forms import Form, stripped
from portal.core.ids import parse_id

MINUTES = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]


def _not_ahead(form: object, field: Field) -> None:
    if field.data and field.data > clock.today():
        raise ValidationError("This day has not come yet.")


def _long(label: str) -> TextAreaField:
    short = Length(max=4000, message="Use at most 4,000 characters.")
    return TextAreaField(label, filters=[stripped], validators=[Optional(), short], render_kw={"rows": 4})


class CaseForm(Form):
    """Which account had what, when."""

    title = StringField(
        "Title", filters=[stripped], validators=[DataRequired("Give the case a title."), Length(max=120)]
    )
    account = StringField(
        "Account", filters=[stripped], validators=[DataRequired("Say which account."), Length(max=200)]
    )
    since = DateTimeLocalField("From", format=MINUTES, validators=[InputRequired("Enter when it began.")])
    until = DateTimeLocalField("To", format=MINUTES, validators=[InputRequired("Enter when it ended.")])
    which = RadioField(
        "Which policies",
        choices=[
            SelectChoice("wrong", "Those that were found to be delivered wrongly"),
            SelectChoice("every", "Every policy that the account held in that time"),
        ],
        default="wrong",
        validators=[InputRequired("Choose one.")],
    )
    run = StringField("Only of this sync run", filters=[stripped], validators=[Optional(), Length(max=36)])
    npn = StringField(
        "Only under this NPN",
        filters=[stripped],
        validators=[Optional(), Regexp(r"^[1-9][0-9]{0,9}$", message="Enter an NPN: up to ten digits.")],
    )
    discovered_on = DateField("Discovered on", validators=[InputRequired("Enter the day of discovery."), _not_ahead])

    def validate_account(self, field: Field) -> None:
        """One Business: by id, or by its name or a part that only its name has."""
        if self.recipient() is None:
            raise ValidationError("No account, or more than one, has this name. Enter more of the name.")

    def validate_until(self, field: Field) -> None:
        """After the begin."""
        if self.since.data and field.data <= self.since.data:
            raise ValidationError("The end must be after the begin.")

    def validate_run(self, field: Field) -> None:
        """The id of a run."""
        if field.data and parse_id(field.data) is None:
            raise ValidationError("Enter the run's id, as the log shows it.")

    def recipient(self) -> tuple[UUID, str] | None:
        """The Business that was named."""
        typed = self.account.data or ""
        if key := parse_id(typed):
            name = subjects.names("business", [key]).get(key)
            return (key, name) if name else None
        found = subjects.find("business", typed, 50)
        exact = [one for one in found if one[1].casefold() == typed.casefold()]
        chosen = exact or found
        return chosen[0] if len(chosen) == 1 else None


class AssessForm(Form):
    """The four factors, and notes."""

    nature = _long(FACTORS["nature"])
    who = _long(FACTORS["who"])
    viewed = _long(FACTORS["viewed"])
    mitigation = _long(FACTORS["mitigation"])
    notes = _long("Notes")


class ConcludeForm(Form):
    """What follows from the factors."""

    conclusion = RadioField(
        "Conclusion",
        choices=[SelectChoice(key, says) for key, says in CONCLUSIONS.items()],
        validators=[InputRequired("Choose one.")],
    )
    why = TextAreaField(
        "Why",
        filters=[stripped],
        validators=[DataRequired("Say why, in the words that an auditor will read."), Length(max=4000)],
        render_kw={"rows": 4},
    )


class TellForm(Form):
    """That a carrier was told."""

    carrier = SelectField("Carrier", validators=[InputRequired("Choose the carrier.")])
    sent_on = DateField("Told on", validators=[InputRequired("Enter the day."), _not_ahead])
    sent_to = StringField(
        "Told to", filters=[stripped], validators=[DataRequired("Say who was told, and how."), Length(max=200)]
    )

    def offer(self, carriers: list[tuple[str, str]]) -> None:
        """Let one of these carriers be chosen."""
        self.carrier.choices = [SelectChoice(key, name) for key, name in carriers]


class TermForm(Form):
    """What a carrier's contract says."""

    carrier = SelectField("Carrier", validators=[InputRequired("Choose the carrier.")])
    days = IntegerField(
        "Days after discovery",
        validators=[
            InputRequired("Enter the number of days; 0 means the same day."),
            NumberRange(0, 60, "Enter 0 to 60: the rule allows no more than 60."),
        ],
    )
    contact = StringField(
        "Who is told", filters=[stripped], validators=[DataRequired("Enter the contact."), Length(max=200)]
    )

    def offer(self, carriers: list[tuple[str, str]]) -> None:
        """Let one of these carriers be chosen."""
        self.carrier.choices = [
            SelectChoice("", "Choose a carrier"),
            *(SelectChoice(key, name) for key, name in carriers),
        ]
