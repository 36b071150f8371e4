"""Forms by which a factor is proved or set up."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length


class CodeForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """A code of the authenticator app."""

    code = StringField("Code", validators=[InputRequired("Enter the six digits of your app."), Length(max=20)])


class RecoveryForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """One of the recovery codes."""

    recovery = StringField(
        "Recovery code", validators=[InputRequired("Enter one of your recovery codes."), Length(max=40)]
    )


class PasswordForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """The password, of somebody who needs no second factor."""

    password = PasswordField("Password", validators=[InputRequired("Enter your password."), Length(max=1000)])
