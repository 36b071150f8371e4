"""People whose role comes from a claim: their first sign-in makes the user, each later one asks for the role anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from portal.core import clock
from portal.core.ids import new_id
from portal.core.scope import STAFF_ROLES, Role
from portal.core.session import TenantSession
from portal.identity.models import User
from portal.identity.origin import Origin
from portal.identity.sso import events
from portal.identity.sso.models import SsoIdentity, SsoProvider
from portal.identity.sso.operations.logging import log_change
from portal.identity.sso.refusals import Refused

NO_ROLE = "Your organization’s identity provider gives you no role in this portal. Ask your FMO’s administrator."


def claimable() -> list[Role]:
    """Roles that a claim may give, the widest first: those of the FMO's own people, never its compliance officers'."""
    return list(STAFF_ROLES)


def role_of(provider: SsoProvider, claims: Mapping[str, Any]) -> Role:
    """The widest role that the claim's values give; raises `Refused` where there is none."""
    said = claims.get(provider.claim or "")
    values = {one for one in (said if isinstance(said, list) else [said]) if isinstance(one, str)}
    given = {provider.claim_roles.get(value) for value in values}
    found = next((role for role in claimable() if role.value in given), None)
    if provider.joining != "claim" or found is None:
        raise Refused("no role", NO_ROLE)
    return found


def join(work: TenantSession, provider: SsoProvider, claims: Mapping[str, Any], origin: Origin) -> User:
    """Make the user that the claim describes, linked with the subject; raises `Refused`.

    An address that somebody has already is refused: whoever has it links themselves.
    """
    role = role_of(provider, claims)
    first, last = _names(claims)
    user = User(
        fmo_id=provider.fmo_id,
        id=new_id(),
        email=_address(claims),
        first_name=first,
        last_name=last,
        role=role,
        state="active",
    )
    subject = {"issuer": provider.issuer, "subject": claims["sub"], "by_claim": True, "used_at": clock.now()}
    try:
        with work.begin_nested():
            work.add(user)
            work.flush()
            work.add(SsoIdentity(fmo_id=user.fmo_id, id=new_id(), user_id=user.id, **subject))
            work.flush()
    except IntegrityError as error:
        sentence = "No account can be made for your address. Ask your FMO’s administrator, who can invite you."
        raise Refused("address", sentence) from error
    log_change(work, events.JOINED, user, origin, role=role.value)
    return user


def role_again(
    work: TenantSession, provider: SsoProvider, user: User, claims: Mapping[str, Any], origin: Origin
) -> None:
    """Give a user who came by claim the role that the claim gives today; raises `Refused` where it gives none."""
    role = role_of(provider, claims)
    if role is user.role:
        return
    if user.role is Role.FMO_ADMIN and not _other_admins(work, user):
        raise Refused(
            "last administrator",
            "The identity provider gives you a smaller role, and you are this FMO’s last administrator. Make somebody"
            " else administrator first.",
        )
    before, user.role = user.role, role
    work.flush()
    log_change(work, events.ROLE_BY_CLAIM, user, origin, before=before.value, role=role.value)


def _other_admins(work: TenantSession, user: User) -> int:
    """How many there are besides. Of two whose role is taken at once the second waits, then counts what is left."""
    work.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"portal.admins:{user.fmo_id}", 0))))
    others = select(func.count()).select_from(User)
    others = others.where(User.fmo_id == user.fmo_id, User.id != user.id, User.role == Role.FMO_ADMIN)
    return work.scalar(others.where(User.state == "active", User.suspended_at.is_(None))) or 0


def _address(claims: Mapping[str, Any]) -> str:
    """The address that the provider confirmed: mails and the list of people need one."""
    said = claims.get("email")
    if claims.get("email_verified") is not True or not isinstance(said, str):
        raise Refused(
            "unconfirmed address",
            "The identity provider has not confirmed your e-mail address, which a new account needs. Ask your FMO’s"
            " administrator, who can invite you.",
        )
    try:
        return validate_email(said, check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError as error:
        raise Refused("address", "The e-mail address that the identity provider tells cannot be used here.") from error


def _names(claims: Mapping[str, Any]) -> tuple[str, str]:
    first, last = (_plain(claims.get(name)) for name in ("given_name", "family_name"))
    if not last:
        first, _, last = _plain(claims.get("name")).rpartition(" ")
    return first, last or "Unnamed"


def _plain(value: object) -> str:
    text = value if isinstance(value, str) else ""
    return " ".join("".join(one for one in text if one.isprintable()).split())[:100]
