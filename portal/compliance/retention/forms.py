"""The officers' forms about keeping the log."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from wtforms import IntegerField, RadioField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange

from portal.compliance import subjects
from portal.compliance.retention.models import FEWEST, LOG, MOST
from portal.compliance.retention.queries import KINDS, SUBJECT
from portal.core.forms import Form, stripped
from portal.core.ids import parse_id

LEAST, LONGEST = 10, 1000


def _reason(label: str) -> TextAreaField:
    return TextAreaField(
        label,
        filters=[stripped],
        validators=[
            InputRequired("Say why."),
            Length(min=LEAST, message=f"Say it in a sentence of at least {LEAST} characters."),
            Length(max=LONGEST, message=f"Use at most {LONGEST:,} characters."),
        ],
        render_kw={"rows": 3},
    )


class TermForm(Form):
    """For how long."""

    years = IntegerField(
        "Years",
        validators=[
            InputRequired("Enter a number of years."),
            NumberRange(FEWEST, MOST, f"Enter a number from {FEWEST} to {MOST}: the law wants {FEWEST} at least."),
        ],
    )


class HoldForm(Form):
    """What is held, and why."""

    kind = RadioField(
        "What is held",
        choices=[SelectChoice(value, words) for value, words in KINDS.items()],
        validators=[InputRequired("Choose what is held.")],
    )
    subject = StringField("Whom or what", filters=[stripped], validators=[Length(max=200)])
    reason = _reason("Reason")
    subject_id: UUID | None = None

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether it is one member, person or Business; then `subject_id` is theirs."""
        if not super().validate(extra_validators):
            return False
        if self.kind.data == LOG:
            return True
        fault = self._find(self.subject.data or "")
        if fault:
            self.subject.errors = [fault]
        return not fault

    def _find(self, text: str) -> str | None:
        self.subject_id = parse_id(text)
        if self.subject_id is not None:
            return None
        known = SUBJECT.get(self.kind.data)
        if known is None:
            return "Enter the member's id, which Find a member shows."
        found = subjects.find(known, text, 2) if text else []
        if len(found) != 1:
            return (
                "Nobody has this name." if text and not found else "Enter the id, or enough of the name for one alone."
            )
        self.subject_id = found[0][0]
        return None


class LiftForm(Form):
    """Why it is over."""

    reason = _reason("Why it is lifted")
