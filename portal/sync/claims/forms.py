"""What an agent asks by carrier and number, what the FMO asks likewise, and the FMO's answer to a claim."""

from __future__ import annotations

from typing import Any

from wtforms import HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from portal.connectors.normalise import number_key
from portal.connectors.words import carriers
from portal.core.forms import Form, readable, stripped
from portal.sync.claims.words import ANSWERS, VERDICTS

MAX_NUMBER, MAX_NOTE, MAX_ANSWER = 40, 500, 1000


class NumberForm(Form):
    """A carrier and a number of it."""

    carrier = SelectField("Carrier", validators=[InputRequired("Choose the carrier.")])
    number = StringField(
        "Policy number",
        filters=[stripped],
        validators=[
            InputRequired("Enter the policy number."),
            Length(max=MAX_NUMBER, message=f"Use at most {MAX_NUMBER} characters."),
            readable(lambda text: number_key(text) or None, "Enter the number with its letters and digits."),
        ],
    )

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        known = sorted(carriers().items(), key=lambda one: one[1].lower())
        self.carrier.choices = [SelectChoice("", "Choose a carrier"), *(SelectChoice(*one) for one in known)]


class FindForm(NumberForm):
    """The FMO's: a policy or a member number."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.number.label.text = "Policy or member number"


class ClaimForm(Form):
    """ "This policy is mine": the token of what was asked, and a word to the FMO."""

    q = HiddenField()
    note = TextAreaField(
        "A word to your FMO",
        filters=[stripped],
        validators=[Optional(), Length(max=MAX_NOTE, message=f"Write at most {MAX_NOTE} characters.")],
    )


class AnswerForm(Form):
    """What was found, and what the account reads about it."""

    verdict = RadioField(
        "What you found",
        choices=[SelectChoice(key, words) for key, words in VERDICTS.items()],
        validators=[InputRequired("Choose what you found.")],
    )
    answer = TextAreaField(
        "Answer to the agent",
        filters=[stripped],
        validators=[Length(max=MAX_ANSWER, message=f"Write at most {MAX_ANSWER} characters.")],
    )

    def validate_answer(self, field: Any) -> None:
        """Only what has no words of its own needs some."""
        if self.verdict.data not in ANSWERS and not field.data:
            raise ValidationError("Write what the agent is to read.")

    def words(self) -> str:
        """What the account reads: what was typed, else the usual words."""
        return str(self.answer.data or ANSWERS[self.verdict.data])
