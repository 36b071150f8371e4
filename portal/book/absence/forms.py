"""The form in which an FMO says what a carrier's files are together."""

from __future__ import annotations

from wtforms import BooleanField, IntegerField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from portal.connectors.full_sets import MOST_FILES, FullSet, checked
from portal.core.forms import Form

_NUMBER = f"Enter a whole number from 1 to {MOST_FILES}."


class FullSetForm(Form):
    """What the files of one day must be to tell everything."""

    is_full = BooleanField("The files of one day tell the carrier’s whole book")
    words = TextAreaField(
        "Words in the files’ names, one a line",
        validators=[Optional(), Length(max=5_000, message="Use at most 5,000 characters.")],
    )
    number = IntegerField("Files of one day", validators=[InputRequired(_NUMBER), NumberRange(1, MOST_FILES, _NUMBER)])
    keeps_ended = BooleanField("The carrier goes on listing policies that have ended")

    def fill(self, now: FullSet | None) -> None:
        """Show what holds."""
        told = now or FullSet()
        self.is_full.data, self.keeps_ended.data = now is not None, told.keeps_ended
        self.words.data, self.number.data = "\n".join(told.words), told.number

    def wanted(self) -> FullSet | None:
        """What was filled in; None: no full set. Raises `ValueError` with a sentence."""
        if not self.is_full.data:
            return None
        lines = (self.words.data or "").replace(",", "\n").splitlines()
        return checked(tuple(filter(None, map(str.strip, lines))), self.number.data, self.keeps_ended.data)
