"""Forms of the book."""

from __future__ import annotations

from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, HiddenField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

RECOGNISE = SelectChoice("", "Recognise it from the file")


class FeedForm(FlaskForm):  # type: ignore[misc]  # flask-wtf ships no types
    """A carrier file to load."""

    file = FileField("File", validators=[FileRequired("Choose the file that the carrier sent.")])
    connector = SelectField("SmartConnector", choices=[RECOGNISE], default="")
    dry_run = BooleanField("Only check the file")

    def offer(self, names: list[str]) -> None:
        """Let one of these connectors be chosen."""
        self.connector.choices = [RECOGNISE, *(SelectChoice(name, name) for name in names)]


class ApproveForm(FlaskForm):  # type: ignore[misc]  # flask-wtf ships no types
    """A yes to exactly what the page showed."""

    shown = HiddenField()


class RejectForm(FlaskForm):  # type: ignore[misc]  # flask-wtf ships no types
    """A no, and why."""

    reason = TextAreaField(
        "Reason",
        validators=[
            InputRequired("Say why, so that whoever asked knows what to do."),
            Length(max=500, message="Use at most 500 characters."),
        ],
    )


class UndoForm(FlaskForm):  # type: ignore[misc]  # flask-wtf ships no types
    """A yes to taking back what the page showed."""

    shown = HiddenField()
    partly = BooleanField("Undo what can be undone, and leave the rest")
