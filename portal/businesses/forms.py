"""The agreement of a Business, and the role of one of its users."""

from __future__ import annotations

from datetime import date

from wtforms import DateField, Field, SelectField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Optional, ValidationError

from portal.core.forms import Form, optional_reason
from portal.core.scope import AGENT_ROLES, Role

_FIRST, _LAST = date(1990, 1, 1), date(2200, 12, 31)


class Day(DateField):  # type: ignore[misc]  # wtforms ships no types
    """A date; what is none is said in plain words."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was typed."""
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError("Enter a date such as 2026-03-12.") from error


def sane(form: Form, field: Field) -> None:
    """Refuse a year that can only be a slip of the hand."""
    if field.data is not None and not _FIRST <= field.data <= _LAST:
        raise ValidationError("Enter a year between 1990 and 2200.")


class AgreementForm(Form):
    """When it was signed and its last day; both empty: there is none."""

    signed_on = Day("Signed on", validators=[Optional(), sane])
    until = Day("Last day", validators=[Optional(), sane])

    def validate_until(self, field: Field) -> None:
        """An agreement ends after it was signed, and one that was never signed does not end."""
        if field.data is None:
            return
        if self.signed_on.data is None:
            if not self.signed_on.errors:
                raise ValidationError("Enter the day on which the agreement was signed, or leave both days empty.")
        elif field.data < self.signed_on.data:
            raise ValidationError("The last day is before the day of signing. Correct one of them.")


def role_field(label: str, default: Role | None = None) -> SelectField:
    """A choice among the roles of people who sign in to one Business."""
    return SelectField(
        label,
        choices=[SelectChoice(role.value, role.label) for role in AGENT_ROLES],
        default=default.value if default else None,
        validators=[InputRequired("Choose the role.")],
    )


class RoleForm(Form):
    """Another role; the reason is asked where it opens the whole account."""

    role = role_field("Role")
    reason = optional_reason()

    def chosen(self) -> Role:
        """The role, of a form that is valid."""
        return Role(self.role.data)
