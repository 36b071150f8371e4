"""How an FMO sets up its single sign-on. The secret goes in and never comes out again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, func, select

from portal.core import access, clock, scope
from portal.core.crypto import encrypt
from portal.core.ids import new_id
from portal.core.scope import Role
from portal.core.session import open_session
from portal.extensions import db
from portal.identity.models import Credential, User
from portal.identity.sessions import IDENTITY_SCOPE
from portal.identity.sso import events, queries
from portal.identity.sso.models import SsoIdentity, SsoProvider

# Anybody has an address there: it says nothing about whose people somebody is.
PUBLIC_MAIL = frozenset(
    (
        *("gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "msn.com", "yahoo.com", "ymail.com"),
        *(
            "aol.com",
            "icloud.com",
            "me.com",
            "mac.com",
            "proton.me",
            "protonmail.com",
            "gmx.com",
            "gmx.net",
            "mail.com",
        ),
        *("zoho.com", "comcast.net", "verizon.net", "att.net"),
    )
)


class Unusable(Exception):
    """What was asked for cannot be; the text says why and what to do. `field` is the form's."""

    def __init__(self, sentence: str, field: str = "") -> None:
        super().__init__(sentence)
        self.field = field


@dataclass(frozen=True, slots=True, repr=False)
class Wanted:
    """What an administrator typed."""

    issuer: str
    client_id: str
    secret: str  # "": the one that is kept
    scopes: str
    domains: list[str]
    joining: str
    claim: str
    claim_roles: Mapping[str, str]
    trusts_factor: bool
    strong_acr: str


def keep(wanted: Wanted) -> None:
    """Keep the provider of the FMO at work; raises `Unusable`.

    Another issuer or client asks for its secret anew: one that is kept would be sent to wherever the new one leads.
    """
    provider = db.session.scalar(queries.own().with_for_update())
    if provider is None:
        provider = SsoProvider(fmo_id=scope.fmo_id(), id=new_id(), issuer="", client_id="")
    other = (provider.issuer, provider.client_id) != (wanted.issuer, wanted.client_id)
    if other and provider.passwords_off:
        raise Unusable("Local passwords are off. Switch them on before you change the issuer or the client.", "issuer")
    if other and provider.secret_since is not None and not wanted.secret:
        raise Unusable("Enter the client’s secret again: it belonged to another issuer or client.", "secret")
    _domains(wanted.domains)
    provider.issuer, provider.client_id, provider.scopes = wanted.issuer, wanted.client_id, wanted.scopes
    provider.domains, provider.joining, provider.claim = wanted.domains, wanted.joining, wanted.claim or None
    provider.claim_roles = dict(wanted.claim_roles)
    provider.trusts_factor, provider.strong_acr = wanted.trusts_factor, wanted.strong_acr or None
    if wanted.secret:
        provider.secret = encrypt(wanted.secret, fmo_id=provider.fmo_id, field=queries.SECRET_FIELD)
        provider.secret_since = clock.now()
    if other or wanted.secret:
        provider.tested_at = provider.tested_by = None
        provider.test_lines = []
    if other:
        provider.offered = False
    db.session.add(provider)
    db.session.flush()
    _log(provider, wanted)


def _log(provider: SsoProvider, wanted: Wanted) -> None:
    access.record(
        events.PROVIDER_CHANGE,
        kind="fmo",
        ids=[provider.fmo_id],
        fields=["secret"] if wanted.secret else [],
        issuer=provider.issuer,
        client=provider.client_id,
        offered=bool(provider.offered),
        joining=provider.joining,
        roles=sorted(set(provider.claim_roles.values())),
    )


def _domains(named: list[str]) -> None:
    """Only domains in which the FMO's own people have addresses: nobody draws a neighbour's people away."""
    for domain in named:
        if domain in PUBLIC_MAIL:
            raise Unusable(
                f"Anybody can have an address at {domain}. Name your own domain, or leave this empty.", "domains"
            )
        held = select(func.count()).select_from(User).where(User.state == "active", User.business_id.is_(None))
        if not db.session.scalar(held.where(User.email.endswith(f"@{domain}", autoescape=True))):
            raise Unusable(
                f"Nobody of your FMO’s own people has an address at {domain}. Name the domain of your addresses.",
                "domains",
            )


def offer(on: bool) -> None:
    """Offer single sign-on at the sign-in page, or no longer; raises `Unusable`."""
    provider = _held()
    if on and provider.tested_at is None:
        raise Unusable("Test the provider first. It is offered once the test has found nothing wrong.")
    if not on and provider.passwords_off:
        raise Unusable("Local passwords are off. Switch them on first, or nobody could sign in.")
    provider.offered = on
    db.session.flush()
    access.record(events.PROVIDER_CHANGE, kind="fmo", ids=[provider.fmo_id], fields=["offered"], offered=on)


def passwords(off: bool, break_glass_id: UUID | None = None) -> None:
    """Switch the FMO's local passwords off, but for one administrator's and the officers'; or on. Raises `Unusable`."""
    provider = _held()
    if off:
        if provider.tested_at is None or not provider.offered:
            raise Unusable("Test the provider and offer it at the sign-in page first.")
        if break_glass_id not in {user.id for user in queries.officers()} or not _has_password(break_glass_id):
            raise Unusable("Choose an administrator who signs in with a password today.", "break_glass")
        provider.break_glass_id = break_glass_id
    provider.passwords_off = off
    db.session.flush()
    kept = str(provider.break_glass_id) if off else None
    access.record(events.PASSWORDS_SWITCH, kind="fmo", ids=[provider.fmo_id], off=off, break_glass=kept)


def with_password(users: list[User]) -> list[User]:
    """Those who have a password of ours; only the login of sign-in can tell."""
    return [user for user in users if _has_password(user.id)]


def _has_password(user_id: UUID | None) -> bool:
    with open_session(IDENTITY_SCOPE) as work:
        return work.scalar(select(Credential.id).where(Credential.id == user_id)) is not None


def unlink(user_id: UUID) -> bool:
    """Take back a user's links, in the FMO at work; whether there was one. An officer's are nobody's but theirs."""
    officer = select(User.id).where(User.fmo_id == SsoIdentity.fmo_id, User.id == user_id)
    officer = officer.where(User.role == Role.COMPLIANCE)
    theirs = (SsoIdentity.user_id == user_id, ~officer.exists())
    gone = delete(SsoIdentity).where(*theirs).returning(SsoIdentity.issuer)
    issuers = db.session.scalars(gone.execution_options(synchronize_session=False)).all()
    for issuer in issuers:
        access.record(events.UNLINKED, kind="user", ids=[user_id], issuer=issuer)
    return bool(issuers)


def _held() -> SsoProvider:
    provider = db.session.scalar(queries.own().with_for_update())
    if provider is None:
        raise Unusable("Set up the provider first.")
    return provider
