"""The form of the member look-up."""

from __future__ import annotations

from typing import Any

from wtforms import DateField, StringField
from wtforms.validators import Length, Optional

from portal.compliance.lookup import LookedFor
from portal.core.forms import Form

INCOMPLETE = "Enter first name, last name and birth date, or a Medicare number."


class LookupForm(Form):
    """Name and birth date, or MBI."""

    first_name = StringField("First name", validators=[Length(max=80)])
    last_name = StringField("Last name", validators=[Length(max=80)])
    birth_date = DateField("Birth date", validators=[Optional()])
    mbi = StringField("Medicare number", validators=[Length(max=20)])

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether one of the two is complete."""
        if not super().validate(extra_validators):
            return False
        asked = self.looked_for()
        if asked.mbi or (asked.first_name and asked.last_name and asked.birth_date):
            return True
        self.first_name.errors = [INCOMPLETE]
        return False

    def looked_for(self) -> LookedFor:
        """What to look for; a given MBI stands alone."""
        mbi = (self.mbi.data or "").strip() or None
        if mbi:
            return LookedFor(mbi=mbi)
        first, last = ((field.data or "").strip() or None for field in (self.first_name, self.last_name))
        return LookedFor(first, last, self.birth_date.data)
