"""Adding, correcting and ending a carrier identifier."""

from __future__ import annotations

from datetime import date
from typing import Any

from wtforms import DateField, Field, SelectField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from portal.core import clock
from portal.core.forms import Form
from portal.downline.keys import KINDS, MAX_IDENTIFIER, carriers

_FIRST, _LAST = date(1900, 1, 1), date(2200, 12, 31)


def _sane(form: Any, field: Field) -> None:
    if field.data is not None and not _FIRST <= field.data <= _LAST:
        raise ValidationError("Enter a year between 1900 and 2200.")


class _Dates(Form):
    valid_from = DateField("First day", validators=[Optional(), _sane])
    valid_to = DateField("Last day", validators=[Optional(), _sane])


class NewIdentifierForm(_Dates):
    """What a carrier calls the record, and between which days."""

    carrier = SelectField("Carrier", validators=[InputRequired("Choose the carrier.")])
    kind = SelectField(
        "Kind",
        choices=[SelectChoice(key, name) for key, name in KINDS.items()],
        validators=[InputRequired("Choose the kind.")],
    )
    value = StringField(
        "Identifier",
        validators=[
            InputRequired("Enter the identifier as the carrier prints it."),
            Length(max=MAX_IDENTIFIER, message=f"Use at most {MAX_IDENTIFIER} characters."),
        ],
    )

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.carrier.choices = [SelectChoice(key, name) for key, name in carriers()]


class EditIdentifierForm(_Dates):
    """A correction; an empty identifier leaves the old one."""

    value = StringField(
        "Identifier",
        validators=[Optional(), Length(max=MAX_IDENTIFIER, message=f"Use at most {MAX_IDENTIFIER} characters.")],
    )


class EndIdentifierForm(Form):
    """The last day on which the identifier holds."""

    last_day = DateField("Last day", default=clock.today, validators=[InputRequired("Enter the last day."), _sane])
