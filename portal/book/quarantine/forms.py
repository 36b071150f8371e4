"""Forms of the quarantine."""

from __future__ import annotations

from wtforms import BooleanField, HiddenField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from portal.book.quarantine.words import STATUS_CHOICES
from portal.core.forms import Form


class DismissForm(Form):
    """Why nothing is done about a row, as it stood when this was decided."""

    version = HiddenField()
    why = TextAreaField(
        "Why it is dismissed",
        validators=[
            InputRequired("Say why, so that others understand it later."),
            Length(max=500, message="Use at most 500 characters."),
        ],
        render_kw={"rows": 3},
    )


class MeaningForm(Form):
    """What a word of a carrier means."""

    meant = SelectField(
        "It means",
        choices=[SelectChoice("", "Choose a status"), *(SelectChoice(key, word) for key, word in STATUS_CHOICES)],
        validators=[InputRequired("Choose what the word means.")],
    )
    learn = BooleanField("Read it so in later files, too", default=True)
