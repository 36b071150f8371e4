"""Why somebody needs emergency access, and what an officer makes of it."""

from __future__ import annotations

from wtforms import Field, RadioField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from portal.core.forms import Form, stripped
from portal.identity.emergency.models import JUSTIFIED, LEAST, MOST, NOT_JUSTIFIED


class AskForm(Form):
    """The reason."""

    reason = TextAreaField(
        "Reason",
        filters=[stripped],
        validators=[
            InputRequired("Say why you need to see this account's contacts now."),
            Length(min=LEAST, message=f"Say it in a sentence of at least {LEAST} characters."),
            Length(max=MOST, message=f"Use at most {MOST} characters."),
        ],
        render_kw={"rows": 3},
    )


class ReviewForm(Form):
    """The finding; a note where it was not justified."""

    finding = RadioField(
        "Was it justified?",
        choices=[SelectChoice(JUSTIFIED, "Justified"), SelectChoice(NOT_JUSTIFIED, "Not justified")],
        validators=[InputRequired("Choose one.")],
    )
    note = TextAreaField(
        "Note",
        filters=[stripped],
        validators=[Optional(), Length(max=1000, message="Use at most 1,000 characters.")],
        render_kw={"rows": 3},
    )

    def validate_finding(self, field: Field) -> None:
        """What was not justified needs a word on what follows from it."""
        if field.data == NOT_JUSTIFIED and not (self.note.data or "").strip():
            raise ValidationError("Say in the note what was not justified and what follows from it.")
