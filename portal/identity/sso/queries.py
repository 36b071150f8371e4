"""Reading single sign-on: under the login `identity` before a tenant is known, or for the FMO's own pages."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, undefer

from portal.config import load_settings
from portal.core import scope
from portal.core.crypto import decrypt
from portal.core.scope import Role
from portal.core.session import open_session
from portal.extensions import db
from portal.identity.factors import kinds
from portal.identity.models import Credential, Fmo, User
from portal.identity.sessions import IDENTITY_SCOPE
from portal.identity.sso.models import SsoIdentity, SsoProvider
from portal.identity.sso.talking import Party

SECRET_FIELD = "sso.secret"


def callback_address() -> str:
    """Where providers send browsers back to; what an administrator registers there."""
    return f"{load_settings().public_url}/sso/callback"


def signed_out_address() -> str:
    """Where providers may send browsers after signing out there."""
    return f"{load_settings().public_url}/sso/signed-out"


def logout_address(slug: str) -> str:
    """Where the FMO's provider tells that somebody signed out there."""
    return f"{load_settings().public_url}/sso/back-channel/{slug}"


def start_address(slug: str) -> str:
    """Where the FMO's people begin without being asked for a name."""
    return f"{load_settings().public_url}/sso/start?org={slug}"


def provider_of(work: Session, fmo_id: UUID) -> SsoProvider | None:
    """The FMO's provider with its secret (login `identity`)."""
    found = select(SsoProvider).where(SsoProvider.fmo_id == fmo_id).options(undefer(SsoProvider.secret))
    return work.scalar(found.execution_options(populate_existing=True))


def own_slug() -> str:
    """The short name of the FMO at work."""
    return db.session.scalars(select(Fmo.slug).where(Fmo.id == scope.fmo_id())).one()


def own() -> Select[SsoProvider]:
    """The provider of the FMO at work, without its secret."""
    return select(SsoProvider).where(SsoProvider.fmo_id == scope.fmo_id())


def own_provider() -> SsoProvider | None:
    """What `own` finds."""
    return db.session.scalar(own())


def is_offered(work: Session, fmo_id: UUID) -> bool:
    """Whether the FMO's people may sign in at a provider."""
    found = select(SsoProvider.offered).where(SsoProvider.fmo_id == fmo_id)
    return bool(work.scalar(found))


def offered_to(work: Session, text: str) -> Fmo | None:
    """The FMO whose people sign in at a provider and that `text` names: its slug, or somebody's e-mail address.

    None where there is no such FMO, where it offers no single sign-on, and where two FMOs name the same domain: who
    asks is told the same each time. Only the domain of an address counts: no answer depends on who has an account.
    """
    offers = select(Fmo).join(SsoProvider, SsoProvider.fmo_id == Fmo.id).where(SsoProvider.offered.is_(True))
    asked = text.strip().lower()
    if "@" not in asked:
        return work.scalar(offers.where(Fmo.slug == asked))
    found = work.scalars(offers.where(SsoProvider.domains.contains([asked.rpartition("@")[2]])).limit(2)).all()
    return found[0] if len(found) == 1 else None


def party_of(provider: SsoProvider) -> Party:
    """The provider as something to talk to; `provider` comes from `provider_of`."""
    secret = provider.secret
    return Party(
        fmo_id=provider.fmo_id,
        issuer=provider.issuer,
        client_id=provider.client_id,
        secret=decrypt(secret, fmo_id=provider.fmo_id, field=SECRET_FIELD) if secret else None,
        scopes=provider.scopes,
        redirect_uri=callback_address(),
    )


def identity_of(work: Session, fmo_id: UUID, issuer: str, subject: str) -> SsoIdentity | None:
    """Who a subject of an issuer is in the FMO."""
    held = SsoIdentity.fmo_id == fmo_id, SsoIdentity.issuer == issuer, SsoIdentity.subject == subject
    return work.scalar(select(SsoIdentity).where(*held))


def identities_of(work: Session, user: User) -> list[SsoIdentity]:
    """With whom at which issuers the user is linked."""
    held = select(SsoIdentity).where(SsoIdentity.fmo_id == user.fmo_id, SsoIdentity.user_id == user.id)
    return list(work.scalars(held.order_by(SsoIdentity.linked_at)))


def holds_factor(user: User) -> bool:
    """Whether the person has a second factor here."""
    with kinds.reading(user) as work:
        return bool(kinds.held_by(work, user))


def local_password_off(work: Session, user: User) -> bool:
    """Whether this user's FMO lets nobody in by a password of ours, them neither (login `identity`).

    Compliance officers keep theirs: the administrators whom they watch decide about the provider.
    """
    if user.role is Role.COMPLIANCE:
        return False
    found = work.execute(
        select(SsoProvider.passwords_off, SsoProvider.break_glass_id).where(SsoProvider.fmo_id == user.fmo_id)
    ).one_or_none()
    return found is not None and found.passwords_off and found.break_glass_id != user.id


def is_break_glass(work: Session, user: User) -> bool:
    """Whether passwords are off in this user's FMO and theirs works all the same (login `identity`)."""
    kept = (SsoProvider.fmo_id == user.fmo_id, SsoProvider.passwords_off, SsoProvider.break_glass_id == user.id)
    return work.scalar(select(SsoProvider.id).where(*kept)) is not None


def only_way_in(work: Session, user: User) -> bool:
    """Whether the person has no password of ours that lets them in (login `identity`)."""
    has_password = work.scalar(select(Credential.id).where(Credential.id == user.id)) is not None
    return not has_password or local_password_off(work, user)


def vouches_again(user: User) -> bool:
    """Whether somebody who is signed in may prove at the provider to be themself: linked, and with no factor of ours
    unless the FMO trusts the provider's."""
    with open_session(IDENTITY_SCOPE) as work:
        provider = provider_of(work, user.fmo_id)
        if provider is None or not provider.offered:
            return False
        if provider.issuer not in {one.issuer for one in identities_of(work, user)}:
            return False
        trusted = provider.trusts_factor and user.role is not Role.COMPLIANCE
    return trusted or not holds_factor(user)


def linked_people() -> list[tuple[User, SsoIdentity]]:
    """Who of the FMO at work is linked with its provider."""
    pairs = select(User, SsoIdentity).join(
        SsoIdentity, (SsoIdentity.fmo_id == User.fmo_id) & (SsoIdentity.user_id == User.id)
    )
    rows = db.session.execute(pairs.order_by(User.last_name, User.first_name, User.id)).all()
    return [(user, identity) for user, identity in rows]


def unlinked_count(issuer: str) -> int:
    """How many active users of the FMO at work have no link with `issuer` yet, officers aside: they keep passwords."""
    linked = select(SsoIdentity.user_id).where(SsoIdentity.user_id == User.id, SsoIdentity.issuer == issuer).exists()
    counted = select(func.count()).select_from(User).where(User.state == "active", ~linked)
    counted = counted.where(User.role != Role.COMPLIANCE)
    return db.session.scalar(counted) or 0


def officers() -> list[User]:
    """The active administrators of the FMO at work."""
    held = select(User).where(User.role == Role.FMO_ADMIN, User.state == "active", User.suspended_at.is_(None))
    return list(db.session.scalars(held.order_by(User.last_name, User.first_name, User.id)))
