"""What is asked of people who sign in at a provider, and of administrators who set one up."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from wtforms import BooleanField, Field, PasswordField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from portal.core.forms import Form, stripped
from portal.core.scope import Role
from portal.identity.models import User
from portal.identity.sso.calling import fit_for_use
from portal.identity.sso.models import SsoProvider
from portal.identity.sso.operations.configuring import Wanted
from portal.identity.sso.operations.joining import claimable
from portal.identity.sso.refusals import Refused

_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_SCOPES = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*")
JOINING = [
    SelectChoice("invited", "Only people who were invited"),
    SelectChoice("claim", "People to whom a claim of the provider gives a role, as well"),
]


class WhereForm(Form):
    """Whose provider a stranger signs in at."""

    organization = StringField(
        "FMO or work e-mail address",
        filters=[stripped],
        validators=[InputRequired("Enter your FMO’s short name or your work e-mail address."), Length(max=254)],
    )


class PlainForm(Form):
    """A button."""


class PasswordsForm(Form):
    """Who may still sign in with a password, and that one knows what that means."""

    break_glass = SelectField(
        "Administrator who keeps a password", validators=[InputRequired("Choose one administrator.")]
    )
    sure = BooleanField("I know that everybody else can then sign in at the provider only")

    def offering(self, people: list[User]) -> PasswordsForm:
        """The form with these administrators to choose from."""
        self.break_glass.choices = [SelectChoice(str(user.id), f"{user.name}, {user.email}") for user in people]
        return self

    def validate_sure(self, field: Field) -> None:
        """Nobody is shut out by a slip."""
        if not field.data:
            raise ValidationError("Tick the box to switch local passwords off.")

    def chosen(self) -> UUID:
        """Whose password goes on working."""
        return UUID(str(self.break_glass.data))


class _ProviderForm(Form):
    """The provider. The secret is only ever written."""

    issuer = StringField(
        "Issuer", filters=[stripped], validators=[InputRequired("Enter the provider’s issuer."), Length(max=300)]
    )
    client_id = StringField(
        "Client id", filters=[stripped], validators=[InputRequired("Enter the client id."), Length(max=300)]
    )
    secret = PasswordField("Client secret", validators=[Optional(), Length(max=500)])
    scopes = StringField(
        "Scopes",
        filters=[stripped],
        default="openid email profile",
        validators=[InputRequired("List scopes with blanks between them, openid among them."), Length(max=300)],
    )
    domains = StringField("E-mail domains of your people", filters=[stripped], validators=[Optional(), Length(max=500)])
    joining = RadioField("Who may sign in for the first time", choices=JOINING, default="invited")
    claim = StringField("Claim with the role", filters=[stripped], validators=[Length(max=200)])
    trusts_factor = BooleanField("Trust the provider’s second factor")
    strong_acr = StringField(
        "acr value of several factors", filters=[stripped], validators=[Optional(), Length(max=200)]
    )

    def validate_issuer(self, field: Field) -> None:
        """An https address without anything behind the path."""
        try:
            fit_for_use(field.data, "issuer")
        except (Refused, ValueError) as error:
            raise ValidationError(str(error) if isinstance(error, Refused) else "This is no address.") from error
        if "?" in field.data:
            raise ValidationError("An issuer has no question mark.")

    def validate_scopes(self, field: Field) -> None:
        """openid is what makes it a sign-in."""
        if not _SCOPES.fullmatch(field.data or "") or "openid" not in field.data.split():
            raise ValidationError("List scopes with blanks between them, openid among them.")

    def validate_domains(self, field: Field) -> None:
        """Plain domains."""
        if any(not _DOMAIN.fullmatch(one) for one in _listed(field.data)):
            raise ValidationError("List domains with commas between them, such as yourfmo.example.")

    def validate_claim(self, field: Field) -> None:
        """Needed where a claim decides."""
        if self.joining.data != "claim":
            return
        if not field.data:
            raise ValidationError("Name the claim that gives people their role.")
        if not self.roles():
            raise ValidationError("Say for at least one role which value of the claim gives it.")

    def roles(self) -> dict[str, str]:
        """Value of the claim → role; a value named twice gives the wider role."""
        given: dict[str, str] = {}
        for role in reversed(claimable()):
            given |= dict.fromkeys(_cells(self[_name(role)].data), role.value)
        return given

    def wanted(self) -> Wanted:
        """What was typed."""
        return Wanted(
            issuer=self.issuer.data,
            client_id=self.client_id.data,
            secret=self.secret.data or "",
            scopes=self.scopes.data,
            domains=_listed(self.domains.data),
            joining=self.joining.data,
            claim=self.claim.data or "",
            claim_roles=self.roles(),
            trusts_factor=bool(self.trusts_factor.data),
            strong_acr=self.strong_acr.data or "",
        )

    def refuse(self, name: str, sentence: str) -> None:
        """Put what an operation refused beside its field."""
        field = getattr(self, name, self.issuer)
        field.errors = [*field.errors, sentence]


def provider_form(provider: SsoProvider | None = None) -> Any:
    """The form with a line for each role that a claim may give; filled with what holds now, but for the secret."""
    lines = {
        _name(role): StringField(
            f"Values for {role.label}", filters=[stripped], validators=[Optional(), Length(max=500)]
        )
        for role in claimable()
    }
    made = type("ProviderForm", (_ProviderForm,), lines)
    if provider is None:
        return made()
    names = ("issuer", "client_id", "scopes", "joining", "claim", "trusts_factor", "strong_acr")
    held: dict[str, Any] = {name: getattr(provider, name) for name in names}
    held["domains"] = ", ".join(provider.domains)
    for role in claimable():
        values = [value for value, given in provider.claim_roles.items() if given == role.value]
        held[_name(role)] = ", ".join(values)
    return made(formdata=None, data=held)  # whatever another form of the page just sent


def role_fields(form: Any) -> list[Any]:
    """The fields of `provider_form` that name values of the claim."""
    return [form[_name(role)] for role in claimable()]


def _name(role: Role) -> str:
    return f"values_{role.value}"


def _cells(text: str | None) -> list[str]:
    return [one for part in (text or "").split(",") if (one := part.strip())]


def _listed(text: str | None) -> list[str]:
    return list(dict.fromkeys(one.lower().lstrip("@") for one in _cells(text)))
