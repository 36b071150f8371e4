"""Adding and changing an agent or an agency."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from wtforms import BooleanField, EmailField, SelectField, StringField, TelField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from portal.connectors import normalise
from portal.connectors.names import tidied, tidy
from portal.core.forms import Form, readable
from portal.downline import queries
from portal.downline.keys import canonical_npn, readable_phone
from portal.downline.models import Producer
from portal.downline.operations.producers import Details

_NAME = Length(max=120, message="Use at most 120 characters.")


class _ProducerForm(Form):
    npn = StringField(
        "NPN",
        validators=[
            InputRequired("Enter the NPN."),
            readable(canonical_npn, "An NPN has 1 to 10 digits and nothing else."),
        ],
    )
    email = EmailField(
        "Email", validators=[Optional(), readable(normalise.email, "Enter an address like name@agency.example.")]
    )
    phone = TelField(
        "Phone", validators=[Optional(), readable(normalise.phone, "Enter a phone number with its area code.")]
    )
    state = StringField(
        "State", validators=[Optional(), readable(normalise.state, "Enter a state of the United States, such as OH.")]
    )
    active = BooleanField("Active", default=True)

    def _contact(self) -> dict[str, Any]:
        return {
            "npn": canonical_npn(self.npn.data) or "",
            "email": normalise.email(self.email.data or ""),
            "phone": normalise.phone(self.phone.data or ""),
            "state": normalise.state(self.state.data or ""),
            "active": bool(self.active.data),
        }


class AgentForm(_ProducerForm):
    """An agent: a person, perhaps a member of an agency."""

    first_name = StringField("First name", filters=[tidied], validators=[DataRequired("Enter the first name."), _NAME])
    last_name = StringField("Last name", filters=[tidied], validators=[DataRequired("Enter the last name."), _NAME])
    agency_id = SelectField("Agency")
    is_principal = BooleanField("Principal of this agency")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.agency_id.choices = [SelectChoice("", "None")] + [
            SelectChoice(str(agency.id), f"{agency.name} (NPN {agency.npn})") for agency in queries.agencies()
        ]
        self.agency_id.flags.required = False

    def details(self) -> Details:
        """What was typed, in canonical form; only after validation."""
        first, last = tidy(self.first_name.data), tidy(self.last_name.data)
        agency = UUID(self.agency_id.data) if self.agency_id.data else None
        return Details(
            first_name=first,
            last_name=last,
            name=f"{first} {last}",
            agency_id=agency,
            is_principal=bool(self.is_principal.data),
            **self._contact(),
        )


class AgencyForm(_ProducerForm):
    """An agency: an organisation with an NPN of its own."""

    name = StringField("Name", filters=[tidied], validators=[DataRequired("Enter the agency's name."), _NAME])

    def details(self) -> Details:
        """What was typed, in canonical form; only after validation."""
        return Details(name=tidy(self.name.data), **self._contact())


def form_for(kind: str, producer: Producer | None = None) -> AgentForm | AgencyForm:
    """The form of an agent or an agency, filled from `producer` where there is one."""
    form_class = AgentForm if kind == "agent" else AgencyForm
    form = form_class(obj=producer)
    if producer is not None and not form.is_submitted():
        form.phone.data = readable_phone(producer.phone or "")
        if isinstance(form, AgentForm):
            form.agency_id.data = str(producer.agency_id or "")
    return form
