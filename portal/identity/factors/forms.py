"""Forms by which a factor is proved or set up.

What proves has names of its own: such fields may stand in a form of any page, beside what was typed there.
"""

from __future__ import annotations

from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from portal.core.forms import Form


class CodeForm(Form):
    """The first code of an app that is being set up."""

    code = StringField("Code", validators=[InputRequired("Enter the six digits of your app."), Length(max=20)])


class ProofByApp(Form):
    """A code of the authenticator app."""

    proof_code = StringField("Code", validators=[InputRequired("Enter the six digits of your app."), Length(max=20)])


class ProofByRecovery(Form):
    """One of the recovery codes."""

    proof_recovery = StringField(
        "Recovery code", validators=[InputRequired("Enter one of your recovery codes."), Length(max=40)]
    )


class ProofByPassword(Form):
    """The password, of somebody who needs no second factor."""

    proof_password = PasswordField("Password", validators=[InputRequired("Enter your password."), Length(max=1000)])
