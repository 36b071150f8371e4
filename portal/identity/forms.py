"""Sign-in and invitation forms."""

from __future__ import annotations

from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from portal.core.forms import Form


class SignInForm(Form):
    """Email and password."""

    email = StringField("Email", validators=[InputRequired("Enter your email address."), Length(max=254)])
    password = PasswordField("Password", validators=[InputRequired("Enter your password."), Length(max=1000)])


class InvitationForm(Form):
    """The invited person proves the NPN (people of a Business) and sets the password."""

    npn = StringField("NPN", validators=[InputRequired("Enter your NPN."), Length(max=20)])
    password = PasswordField("Password", validators=[InputRequired("Enter a password.")])
