"""The form of a move."""

from __future__ import annotations

from wtforms import BooleanField, HiddenField
from wtforms.validators import InputRequired

from portal.businesses.forms import role_field
from portal.core.forms import Form, optional_reason
from portal.core.scope import Role
from portal.provisioning.forms.activities import outside_box


class MoveForm(Form):
    """From which account to which, and as what there."""

    origin = HiddenField("From", validators=[InputRequired()])
    chosen = HiddenField("To", validators=[InputRequired()])
    role = role_field("Role in the new account", Role.AGENT_LIMITED)
    reason = optional_reason()
    confirm_outside = outside_box()
    sync_now = BooleanField("Sync this agent's policies now", default=True)

    def keep(self, *, outside: bool, enabled: bool) -> None:
        """Leave only the boxes that this choice of record and account asks for."""
        if not outside:
            del self.confirm_outside
        if not enabled:
            del self.sync_now
