"""The form of an off-boarding."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from wtforms import BooleanField, RadioField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from portal.businesses.forms import Day
from portal.core import clock
from portal.core.forms import Form

GRACE, LONGEST = timedelta(days=14), timedelta(days=90)
NOW, UNTIL = "now", "until"


class OffboardForm(Form):
    """Why, what becomes of the sign-in, and whether the record is still active."""

    reason = TextAreaField(
        "Reason",
        validators=[
            InputRequired("Say why this agent leaves. The reason is kept with the activity."),
            Length(max=500, message="Use at most 500 characters."),
        ],
        render_kw={"rows": 3},
    )
    access = RadioField(
        "Sign-in",
        choices=[
            SelectChoice(NOW, "Ends now"),
            SelectChoice(UNTIL, "Stays open until the day below, so that they can take their own data with them"),
        ],
        default=NOW,
        validators=[InputRequired("Choose what becomes of the sign-in.")],
    )
    until = Day("Last day", validators=[Optional()])
    inactive = BooleanField("Mark the record as inactive", default=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if self.until.data is None and not self.is_submitted():
            self.until.data = clock.today() + GRACE

    def validate_reason(self, field: TextAreaField) -> None:
        """Blanks give no reason."""
        if not (field.data or "").strip():
            raise ValidationError("Say why this agent leaves. The reason is kept with the activity.")

    def validate_access(self, field: RadioField) -> None:
        """A sign-in that stays open has a last day, and not one in the past or far away."""
        if field.data != UNTIL or self.until.errors:
            return
        today = clock.today()
        if self.until.data is None or not today <= self.until.data <= today + LONGEST:
            raise ValidationError(f"Choose a last day from today on, at most {LONGEST.days} days from now.")

    def last_day(self) -> date | None:
        """The last day of the sign-in, or None where it ends now."""
        chosen: date | None = self.until.data if self.access.data == UNTIL else None
        return chosen
