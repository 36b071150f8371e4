"""The forms of provisioning, of switching sync on and off, and of adding an agent."""

from __future__ import annotations

from typing import Any

from email_validator import EmailNotValidError, validate_email
from wtforms import BooleanField, EmailField, Field, HiddenField, SelectField, StringField, TelField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, Optional, ValidationError

from portal.businesses.forms import Day, role_field, sane
from portal.connectors import normalise
from portal.connectors.names import tidied
from portal.core.forms import Form, ticked
from portal.core.scope import Role
from portal.core.zones import ZONES
from portal.downline.keys import readable_phone
from portal.downline.models import Producer
from portal.provisioning.operations import Foreseen, Person, Wanted
from portal.provisioning.places import STATES

_LONG = Length(max=120, message="Use at most 120 characters.")


def _choices(words: dict[str, str]) -> list[SelectChoice]:
    return [SelectChoice(value, label) for value, label in words.items()]


def _address(form: Any, field: Field) -> None:
    try:
        validate_email(field.data or "", check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise ValidationError("Enter an e-mail address like name@agency.example.") from error


def _phone(form: Any, field: Field) -> None:
    digits = [character for character in field.data or "" if character.isdigit()]
    if not 7 <= len(digits) <= 15:
        raise ValidationError("Enter a phone number with its area code, such as 614 555-0123.")


def _as_people_write(phone: str | None) -> str | None:
    return readable_phone(phone) if phone else phone


def outside_box() -> BooleanField:
    """Whose policies come into an account is never a slip of the hand."""
    return BooleanField(
        "This agent is not of the Business's agency and is to share its account",
        validators=[ticked("This agent is outside the Business's agency. Tick the box if that is meant.")],
    )


def shared_box() -> BooleanField:
    """Nobody puts policies into a second account by mistake."""
    return BooleanField(
        "This NPN may be in more than one account",
        validators=[ticked("Another account has this NPN already. Tick the box if both are to have its policies.")],
    )


class _ActivityForm(Form):
    """What every [Agent CRM] activity may keep of a word with the agent before."""

    confirmed_with_agent = BooleanField("Confirmed with the agent")
    confirmation_note = StringField(
        "Confirmation note",
        filters=[tidied],
        validators=[Optional(), Length(max=500, message="Use at most 500 characters.")],
    )

    shown: tuple[str, ...] = ()  # the fields as they stand on the page, those above first
    refuses_sync = "policy_sync_enabled"  # the field beside which a run is refused that may not start

    @property
    def errors(self) -> dict[str | None, Any]:
        """What is wrong, from the top of the page down."""
        place = {name: at for at, name in enumerate(self.shown)}
        return dict(sorted(super().errors.items(), key=lambda one: place.get(one[0], len(place))))

    def refuse(self, refusal: Exception) -> None:
        """Say beside its field why nothing was done."""
        field = self[getattr(refusal, "field", self.refuses_sync)]
        field.errors = [*field.errors, str(refusal)]

    def foreseen(self, expected: dict[str, Any] | None) -> Foreseen:
        """What goes with the run: what it would do by now, and whether the agent was asked."""
        return Foreseen(expected, bool(self.confirmed_with_agent.data), self.confirmation_note.data or "")


class _PersonForm(_ActivityForm):
    """Who is to sign in, and with which role."""

    shown: tuple[str, ...] = ("first_name", "last_name", "email", "mobile", "role")
    first_name = StringField("First name", filters=[tidied], validators=[DataRequired("Enter the first name."), _LONG])
    last_name = StringField("Last name", filters=[tidied], validators=[DataRequired("Enter the last name."), _LONG])
    email = EmailField(
        "Email",
        validators=[InputRequired("Enter the e-mail address; the invitation goes there."), Length(max=254), _address],
    )
    mobile = TelField("Mobile phone", filters=[_as_people_write], validators=[Optional(), _phone])
    role = role_field("Role", Role.AGENT_ADMIN)

    def person(self) -> Person:
        """What was filled in, of a form that is valid."""
        mobile = (self.mobile.data or "").strip()
        return Person(
            first_name=self.first_name.data,
            last_name=self.last_name.data,
            email=self.email.data.strip().lower(),
            mobile=(normalise.phone(mobile) or mobile) or None,
            role=Role(self.role.data),
        )


class ProvisionForm(_PersonForm):
    """[Agent CRM] Provision New Agent Business Activity. `confirm_shared`: where the NPN has an account already."""

    shown = ("business_name", *_PersonForm.shown[:-1], "time_zone", "state", "role")
    refuses_sync = "enable_policy_sync"

    business_name = StringField(
        "Business name", filters=[tidied], validators=[DataRequired("Enter the name of the Business."), _LONG]
    )
    time_zone = SelectField("Time zone", choices=_choices(ZONES), validators=[InputRequired("Choose the time zone.")])
    state = SelectField(
        "State", choices=_choices({"": "Choose a state", **STATES}), validators=[InputRequired("Choose the state.")]
    )
    agreement_signed = Day("Agreement signed", validators=[Optional(), sane])
    agreement_until = Day("Agreement until", validators=[Optional(), sane])
    enable_policy_sync = BooleanField("Enable Policy Sync")
    confirm_shared = shared_box()

    def __init__(self, *, shared: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not shared:
            del self.confirm_shared

    def wanted(self, producer: Producer) -> Wanted:
        """The account to provision, of a form that is valid."""
        return Wanted(
            producer=producer,
            business_name=self.business_name.data,
            person=self.person(),
            time_zone=self.time_zone.data,
            state=self.state.data,
            enable_sync=self.enable_policy_sync.data,
            agreement_signed=self.agreement_signed.data,
            agreement_until=self.agreement_until.data,
        )

    def validate_agreement_until(self, field: Day) -> None:
        """An agreement ends after it was signed."""
        if field.data is None:
            return
        if self.agreement_signed.data is None:
            raise ValidationError("Enter the day on which the agreement was signed too.")
        if field.data < self.agreement_signed.data:
            raise ValidationError("The agreement cannot end before the day on which it was signed.")


class SwitchForm(_ActivityForm):
    """[Agent CRM] Enable/Disable Policy and Member Sync. `resync_policies` is there where sync is enabled today."""

    policy_sync_enabled = BooleanField("Policy Sync Enabled")
    resync_policies = BooleanField("Re-sync Policies")
    continuous = BooleanField("Continuous sync")
    was = HiddenField()  # how it stood when the form was shown

    def __init__(self, *, enabled: bool, continuous: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.enabled, self.was_continuous = enabled, continuous
        self.is_stale = self.was.data not in (None, "", self.today)
        self.was.data = self.today
        if not enabled:
            del self.resync_policies

    @property
    def today(self) -> str:
        """How Policy Sync stands now, for `was`."""
        return f"{self.enabled:d}{self.was_continuous:d}"

    def wants_resync(self) -> bool:
        """Whether Re-sync Policies is there and ticked."""
        return bool(self.resync_policies and self.resync_policies.data)

    def validate_policy_sync_enabled(self, field: BooleanField) -> None:
        """What was ticked must ask for something, and for one thing."""
        resync = self.wants_resync()
        if not self.enabled and not field.data:
            raise ValidationError(
                "Policy Sync is not enabled today, so nothing was changed. Tick the box to enable it."
            )
        if self.enabled and field.data and not resync and bool(self.continuous.data) == self.was_continuous:
            raise ValidationError(
                "Policy Sync is enabled already, so nothing was changed. Tick Re-sync Policies to copy the policies"
                " again, change Continuous sync, or untick Policy Sync Enabled to stop further runs."
            )
        if self.enabled and not field.data and resync:
            raise ValidationError(
                "A re-sync needs Policy Sync enabled. Tick Policy Sync Enabled, or untick Re-sync Policies."
            )


class AddAgentForm(_PersonForm):
    """[Agent CRM] Add Agent to Existing Agent CRM Business Activity."""

    shown = ("business", "agent", *_PersonForm.shown)
    refuses_sync = "sync_now"
    agent = SelectField("Agent", validators=[InputRequired("Choose a record of your downline.")])
    business = SelectField("Agent CRM Business", validators=[InputRequired("Choose the Business.")])
    sync_now = BooleanField("Sync this agent's policies now", default=True)
    confirm_outside = outside_box()
    confirm_shared = shared_box()

    def __init__(self, *, agents: dict[str, str], businesses: dict[str, str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.agent.choices, self.business.choices = _choices(agents), _choices(businesses)

    def keep(self, *, outside: bool, shared: bool, enabled: bool) -> None:
        """Leave only the boxes that this choice of record and Business asks for."""
        if not outside:
            del self.confirm_outside
        if not shared:
            del self.confirm_shared
        if not enabled:
            del self.sync_now
