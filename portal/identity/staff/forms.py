"""A new person of the FMO, and another role for one."""

from __future__ import annotations

from collections.abc import Sequence

from wtforms import SelectField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length, Regexp

from portal.core.forms import Form
from portal.core.scope import Role

_ADDRESS = r"^[^@\s\"<>,;]+@[^@\s\"<>,;]+\.[^@\s\"<>,;]+$"
MEANS = {
    Role.FMO_ADMIN: "everything, and other administrators",
    Role.FMO_SUPPORT: "agents, Businesses and runs, in counts",
    Role.FMO_STEWARD: "feeds, quarantine, crosswalk and policies",
    Role.FMO_USERS: "people who sign in, and nothing else",
}


class PersonForm(Form):
    """Name, address, and for the staff the role."""

    first_name = StringField("First name", validators=[InputRequired("Enter the first name."), Length(max=100)])
    last_name = StringField("Last name", validators=[InputRequired("Enter the last name."), Length(max=100)])
    email = StringField(
        "Email",
        filters=[lambda typed: (typed or "").strip()],
        validators=[
            InputRequired("Enter the email address."),
            Length(max=254),
            Regexp(_ADDRESS, message="Enter an email address such as name@office.example."),
        ],
    )  # fmt: skip
    role = SelectField("Role", validators=[InputRequired("Choose the role.")])

    def offer(self, roles: Sequence[Role]) -> None:
        """Let one of these roles be chosen; none is until somebody chooses, lest anybody become more by a slip."""
        self.role.choices = [SelectChoice("", "Choose a role"), *_choices(roles)]


class StaffRoleForm(Form):
    """Another preset."""

    role = SelectField("Role", validators=[InputRequired("Choose the role.")])

    def offer(self, roles: Sequence[Role]) -> None:
        """Let one of these roles be chosen, from the one that they have."""
        self.role.choices = _choices(roles)


def _choices(roles: Sequence[Role]) -> list[SelectChoice]:
    return [SelectChoice(role.value, f"{role.label}: {MEANS[role]}") for role in roles]
