"""What an officer writes about an alarm."""

from __future__ import annotations

from wtforms import TextAreaField
from wtforms.validators import InputRequired, Length

from portal.core.forms import Form, stripped

LEAST, MOST = 10, 1000


class NoteForm(Form):
    """The note."""

    note = TextAreaField(
        "What you found, and what you did about it",
        filters=[stripped],
        validators=[
            InputRequired("Write what you found and did."),
            Length(min=LEAST, message=f"Say it in a sentence of at least {LEAST} characters."),
            Length(max=MOST, message="Use at most 1,000 characters."),
        ],
        render_kw={"rows": 4},
    )
