"""What forms of several rooms ask for alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask_wtf import FlaskForm
from wtforms import Field, TextAreaField
from wtforms.validators import Length, Optional, ValidationError

Check = Callable[[Any, Field], None]
_WORDS = {
    "Field cannot be longer than %(max)d character.": "Use one character at most.",
    "Field cannot be longer than %(max)d characters.": "Use at most %(max)d characters.",
    "Field must be at least %(min)d character long.": "Use at least one character.",
    "Field must be at least %(min)d characters long.": "Use at least %(min)d characters.",
    "Number must be at least %(min)s.": "Enter a number of at least %(min)s.",
    "Number must be at most %(max)s.": "Enter a number of at most %(max)s.",
    "Number must be between %(min)s and %(max)s.": "Enter a number from %(min)s to %(max)s.",
    "Not a valid integer value.": "Enter a whole number.",
    "Not a valid date value.": "Enter a day, such as 2026-03-12.",
    "Not a valid choice.": "This is not one of the choices.",
    "This field is required.": "Fill this in.",
}


class _Words:
    """What the library would say of "a field", in the words of this portal."""

    def gettext(self, said: str) -> str:
        return _WORDS.get(said, said)

    def ngettext(self, one: str, many: str, number: int) -> str:
        return self.gettext(one if number == 1 else many)


class Form(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """A form whose every refusal is a sentence of this portal, also where a rule was given none of its own."""

    class Meta:
        """How the library finds the words."""

        def get_translations(self, form: Any) -> _Words:
            """Always these."""
            return _Words()


def stripped(text: str | None) -> str | None:
    """A filter: no blanks around what was typed."""
    return text.strip() if text else text


def readable(read: Callable[[str], object | None], message: str) -> Check:
    """Refuse what `read` makes nothing of."""

    def check(form: Any, field: Field) -> None:
        if field.data and read(field.data) is None:
            raise ValidationError(message)

    return check


def ticked(message: str) -> Check:
    """Refuse a box that is not ticked."""

    def check(form: Any, field: Field) -> None:
        if not field.data:
            raise ValidationError(message)

    return check


def optional_reason() -> TextAreaField:
    """A reason that may be left out."""
    short = Length(max=500, message="Use at most 500 characters.")
    return TextAreaField("Reason", validators=[Optional(), short], render_kw={"rows": 3})
