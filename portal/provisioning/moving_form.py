"""The form of a move."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, SelectField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from portal.core.scope import AGENT_ROLES, Role


class MoveForm(FlaskForm):  # type: ignore[misc]  # flask-wtf ships no types
    """From which account to which, and as what there."""

    origin = HiddenField("From", validators=[InputRequired()])
    chosen = HiddenField("To", validators=[InputRequired()])
    role = SelectField(
        "Role in the new account",
        choices=[SelectChoice(role.value, role.label) for role in AGENT_ROLES],
        default=Role.AGENT_LIMITED.value,
        validators=[InputRequired("Choose the role.")],
    )
    reason = TextAreaField(
        "Reason", validators=[Optional(), Length(max=500, message="Use at most 500 characters.")], render_kw={"rows": 3}
    )
    confirm_outside = BooleanField("This agent is not of the Business's agency and is to share its account")
    sync_now = BooleanField("Sync this agent's policies now", default=True)

    def keep(self, *, outside: bool, enabled: bool) -> None:
        """Leave only the boxes that this choice of record and account asks for."""
        if not outside:
            del self.confirm_outside
        if not enabled:
            del self.sync_now

    def validate_confirm_outside(self, field: BooleanField) -> None:
        """Whose policies come into an account is never a slip of the hand."""
        if not field.data:
            raise ValidationError("This agent is outside the Business's agency. Tick the box if that is meant.")
