"""What an officer says about a user's access."""

from __future__ import annotations

from wtforms import Field, RadioField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from portal.compliance.recertification.models import CONFIRMED, WITHDRAWN
from portal.core.forms import Form, stripped


class DecideForm(Form):
    """Confirm or withdraw; why, where it is withdrawn."""

    decision = RadioField(
        "Decision",
        choices=[
            SelectChoice(CONFIRMED, "Confirm: they still need this access"),
            SelectChoice(WITHDRAWN, "Withdraw: close the sign-in now and end every session"),
        ],
        validators=[InputRequired("Choose one.")],
    )
    note = TextAreaField(
        "Note",
        filters=[stripped],
        validators=[Optional(), Length(max=1000, message="Use at most 1,000 characters.")],
        render_kw={"rows": 3},
    )

    def validate_decision(self, field: Field) -> None:
        """What is taken away needs a word on why."""
        if field.data == WITHDRAWN and not (self.note.data or "").strip():
            raise ValidationError("Say in the note why the access is withdrawn.")
