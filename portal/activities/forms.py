"""The form of the plain types: when, how it went, and what was said."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from wtforms import DateTimeLocalField, SelectField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length, ValidationError

from portal.core import clock
from portal.core.forms import Form

OUTCOMES = {
    "call": ("Reached", "Left a message", "No answer", "Wrong number"),
    "email": ("Sent", "Received"),
    "meeting": ("Held", "Did not come", "Moved"),
}
SUMMARY_LENGTH = 140
TEXT_LABELS = {"note": "Note", "call": "What was said", "email": "What it was about", "meeting": "What was agreed"}


class PlainActivityForm(Form):
    """Filled for one type; `outcome` is absent where the type has none."""

    when = DateTimeLocalField(
        "When", format=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"], validators=[InputRequired("Say when it was.")]
    )
    outcome = SelectField("Outcome")
    text = TextAreaField(
        "Note",
        validators=[InputRequired("Write a few words, so that others know what this was about."),
                    Length(max=10_000, message="Write at most 10,000 characters.")],
        render_kw={"rows": 6},
    )  # fmt: skip

    def __init__(self, type_key: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.text.label.text = TEXT_LABELS[type_key]
        if type_key in OUTCOMES:
            self.outcome.choices = [SelectChoice(word) for word in OUTCOMES[type_key]]
        else:
            del self.outcome
        if self.when.data is None and not self.is_submitted():
            self.when.data = clock.local(clock.now())

    def validate_when(self, field: DateTimeLocalField) -> None:
        """What is logged has happened."""
        moment = self.moment()
        if moment is not None and moment > clock.now():
            raise ValidationError("This time is still to come. Log the activity once it has happened.")

    def validate_text(self, field: TextAreaField) -> None:
        """A text of blanks says nothing."""
        if not (field.data or "").strip():
            raise ValidationError("Write a few words, so that others know what this was about.")

    def moment(self) -> datetime | None:
        """The chosen time, aware; it was typed in the zone in which pages show times."""
        typed: datetime | None = self.when.data
        return typed.replace(tzinfo=clock.zone()) if typed else None

    def outcome_word(self) -> str | None:
        """The chosen outcome, or None."""
        chosen: str | None = self.outcome.data if self.outcome else None
        return chosen

    def summary(self, label: str) -> str:
        """One line for the timeline: "Call, left a message: asked about the new book"."""
        outcome = self.outcome_word()
        head = f"{label}, {outcome.lower()}" if outcome else label
        words = " ".join((self.text.data or "").split())
        return f"{head}: {words if len(words) <= SUMMARY_LENGTH else words[: SUMMARY_LENGTH - 1] + '…'}"
