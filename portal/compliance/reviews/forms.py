"""What officers say about findings, about members they watch, and about how the log is reviewed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from wtforms import BooleanField, DateField, Field, HiddenField, IntegerField, RadioField, SelectField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional, ValidationError

from portal.compliance.reviews import people
from portal.compliance.reviews.models import FINE, FOLLOW_UP, INCIDENT, FollowUp
from portal.compliance.reviews.operations import Judgement
from portal.compliance.reviews.rules import Rules
from portal.core import clock, scope
from portal.core.forms import Form, stripped
from portal.core.ids import parse_id
from portal.core.zones import ZONES

_SHORT = Length(max=300, message="Use at most 300 characters.")
_LONG = Length(max=1000, message="Use at most 1,000 characters.")
DISPOSITIONS = {FINE: "Fine", FOLLOW_UP: "Follow up", INCIDENT: "Incident"}
FARTHEST = timedelta(days=365)
SOON = timedelta(days=14)


class JudgeForm(Form):
    """A judgement of findings; a follow-up has an owner and a last day."""

    disposition = RadioField(
        "Judgement",
        choices=[SelectChoice(value, words) for value, words in DISPOSITIONS.items()],
        validators=[InputRequired("Choose one.")],
    )
    note = TextAreaField("Note", filters=[stripped], validators=[Optional(), _LONG], render_kw={"rows": 3})
    owner = SelectField("Who follows it up", validators=[Optional()])
    due_on = DateField("Until", validators=[Optional()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.owner.choices = [SelectChoice(str(key), name) for key, name in people.officers().items()]
        if not self.is_submitted():
            self.owner.data = str(scope.current().actor_id)
            self.due_on.data = clock.today() + SOON

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether it is whole: what is not fine needs a note, and a follow-up somebody and a day that comes."""
        valid = bool(super().validate(extra_validators))
        if self.disposition.data in (FOLLOW_UP, INCIDENT) and not self.note.data:
            self.note.errors = ["Say in the note what is to be followed up, or what happened."]
        if self.disposition.data == FOLLOW_UP:
            today = clock.today()
            if not self.owner.data:
                self.owner.errors = ["Choose who follows it up."]
            if self.due_on.data is None or not today <= self.due_on.data <= today + FARTHEST:
                self.due_on.errors = ["Enter a day from today to a year from now."]
        return valid and not self.errors

    def judgement(self) -> Judgement:
        """What was said."""
        if self.disposition.data != FOLLOW_UP:
            return Judgement(self.disposition.data, self.note.data or None)
        owner = parse_id(self.owner.data or "")
        assert owner is not None, "the select offers ids only"
        return Judgement(FOLLOW_UP, self.note.data, (owner, people.officers()[owner]), self.due_on.data)


class FineForm(Form):
    """The one note under which a whole kind is called fine."""

    reason = TextAreaField(
        "Why all of these are fine",
        filters=[stripped],
        validators=[DataRequired("Say in a sentence why all of these are fine."), _LONG],
        render_kw={"rows": 2},
    )


class CloseForm(Form):
    """What came of a follow-up."""

    outcome = TextAreaField(
        "What came of it",
        filters=[stripped],
        validators=[DataRequired("Say what came of it."), _LONG],
        render_kw={"rows": 3},
    )


class HandOverForm(Form):
    """Who goes on with a follow-up, and what they must know."""

    follow_up = HiddenField()
    successor = SelectField("Who goes on with it", validators=[InputRequired("Choose who goes on with it.")])
    handing_note = TextAreaField(
        "Note to them",
        filters=[stripped],
        validators=[DataRequired("Say in a sentence why you hand it over, or what is left to do."), _LONG],
        render_kw={"rows": 3},
    )

    def offer(self, now: FollowUp | None) -> HandOverForm:
        """The form for a follow-up, with every officer to choose from but the one who has it."""
        others = [(key, name) for key, name in people.officers().items() if now is None or key != now.owner_id]
        self.successor.choices = [
            SelectChoice("", "Choose an officer"),
            *(SelectChoice(str(one), name) for one, name in others),
        ]
        if now is not None and not self.is_submitted():
            self.follow_up.data = str(now.id)
        return self

    def chosen(self) -> tuple[UUID, str]:
        """Who goes on with it."""
        owner = parse_id(self.successor.data or "")
        assert owner is not None, "the select offers ids only"
        return owner, people.officers()[owner]


class WatchForm(Form):
    """Why a member is watched."""

    reason = TextAreaField(
        "Reason",
        filters=[stripped],
        validators=[
            DataRequired("Say why this member is watched."),
            _SHORT,
        ],
        render_kw={"rows": 2},
    )


def _number(label: str, least: int, most: int) -> IntegerField:
    say = f"Enter a whole number from {least} to {most:,} for “{label}”."
    return IntegerField(label, validators=[InputRequired(say), NumberRange(least, most, say)])


class RulesForm(Form):
    """How the log is reviewed."""

    every_days = _number("Days between reviews", 1, 31)
    zone = SelectField(
        "Time zone of the office",
        choices=[SelectChoice(key, words) for key, words in ZONES.items()],
        validators=[InputRequired("Choose one.")],
    )
    opens = _number("Office hours begin at", 0, 23)
    closes = _number("Office hours end at", 1, 24)
    weekends = BooleanField("Saturday and Sunday are outside office hours")
    failures = _number("Failed sign-ins of one person in a day", 1, 100)
    least_members = _number("Members seen in a day, at least", 1, 100_000)
    own_factor = _number("Times their own usual day", 2, 100)
    peer_factor = _number("Times the usual day of their role", 2, 100)
    sample = _number("Entries of each day in the random sample", 0, 20)

    def validate_closes(self, field: Field) -> None:
        """Office hours end after they begin."""
        if field.data is not None and self.opens.data is not None and field.data <= self.opens.data:
            raise ValidationError("Office hours must end after they begin.")

    def rules(self) -> Rules:
        """What was said."""
        return Rules(**{name: field.data for name, field in self._fields.items() if name != "csrf_token"})


def ticked(values: list[str]) -> dict[UUID, int]:
    """Finding → the revision that the officer saw, of ticks that read "id.revision"; others are left out."""
    seen = {}
    for value in values:
        spelled, _, revision = value.partition(".")
        if (key := parse_id(spelled)) and revision.isascii() and revision.isdigit() and len(revision) < 9:
            seen[key] = int(revision)
    return seen
