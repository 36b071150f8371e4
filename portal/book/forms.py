"""Forms of the book."""

from __future__ import annotations

from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, SelectField


class FeedForm(FlaskForm):  # type: ignore[misc]  # flask-wtf ships no types
    """A carrier file to load."""

    file = FileField("File", validators=[FileRequired("Choose the file that the carrier sent.")])
    connector = SelectField("SmartConnector", choices=[("", "Recognise it from the file")], default="")
    dry_run = BooleanField("Only check the file")

    def offer(self, names: list[str]) -> None:
        """Let one of these connectors be chosen."""
        self.connector.choices = [("", "Recognise it from the file"), *((name, name) for name in names)]
