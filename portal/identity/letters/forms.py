"""Forms for a new password and for another address."""

from __future__ import annotations

from email_validator import EmailNotValidError, validate_email
from wtforms import EmailField, Field, PasswordField
from wtforms.validators import InputRequired, Length, ValidationError

from portal.core.forms import Form

ADDRESS = "Enter an address like name@agency.example."


def is_address(form: Form, field: Field) -> None:
    """Refuse what is no e-mail address."""
    try:
        validate_email(field.data or "", check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise ValidationError(ADDRESS) from error


class ForgotForm(Form):
    """Whose password is to be set anew."""

    email = EmailField("Email", validators=[InputRequired("Enter your email address."), Length(max=254)])


class ResetForm(Form):
    """The new password of who opened the link."""

    password = PasswordField("New password", validators=[InputRequired("Enter a password.")])


class PasswordForm(Form):
    """The present password and the new one."""

    present = PasswordField(
        "Present password", validators=[InputRequired("Enter the password that you have now."), Length(max=1000)]
    )
    password = PasswordField("New password", validators=[InputRequired("Enter a password.")])


class EmailForm(Form):
    """Another address to sign in with."""

    email = EmailField(
        "New email",
        filters=[lambda typed: (typed or "").strip()],
        validators=[InputRequired("Enter the new address."), Length(max=254), is_address],
    )
