"""What forms of several rooms ask for alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wtforms import Field, TextAreaField
from wtforms.validators import Length, Optional, ValidationError

Check = Callable[[Any, Field], None]


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
