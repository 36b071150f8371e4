"""Forms of the book."""

from __future__ import annotations

from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, HiddenField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from portal.core.forms import Form

RECOGNISE = SelectChoice("", "Recognise it from the file")


class FeedForm(Form):
    """A carrier file to load."""

    file = FileField("File", validators=[FileRequired("Choose the file that the carrier sent.")])
    connector = SelectField("SmartConnector", choices=[RECOGNISE], default="")
    dry_run = BooleanField("Only check the file")

    def offer(self, names: list[str]) -> None:
        """Let one of these connectors be chosen."""
        self.connector.choices = [RECOGNISE, *(SelectChoice(name, name) for name in names)]


class ApproveForm(Form):
    """A yes to exactly what the page showed."""

    shown = HiddenField()


class RejectForm(Form):
    """A no, and why."""

    reason = TextAreaField(
        "Reason",
        validators=[
            InputRequired("Say why, so that whoever asked knows what to do."),
            Length(max=500, message="Use at most 500 characters."),
        ],
    )


class UndoForm(Form):
    """A yes to taking back what the page showed."""

    shown = HiddenField()
    partly = BooleanField("Undo what can be undone, and leave the rest")
