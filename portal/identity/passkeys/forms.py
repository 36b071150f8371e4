"""Forms around passkeys."""

from __future__ import annotations

from wtforms import StringField
from wtforms.validators import DataRequired, Length, Optional

from portal.core.forms import Form, stripped

LONGEST = 60
UNNAMED = "Passkey"
_SHORT = Length(max=LONGEST, message=f"Use at most {LONGEST} characters.")


class NewPasskeyForm(Form):
    """What the new passkey is to be called. The device has made it by then: no name is a reason to lose it."""

    name = StringField("Name", filters=[stripped], validators=[Optional()], render_kw={"maxlength": LONGEST})

    @property
    def chosen(self) -> str:
        """The name that is kept."""
        return "".join(filter(str.isprintable, self.name.data or ""))[:LONGEST] or UNNAMED


class PasskeyNameForm(Form):
    """Another name."""

    name = StringField("Name", filters=[stripped], validators=[DataRequired("Enter a name."), _SHORT])
