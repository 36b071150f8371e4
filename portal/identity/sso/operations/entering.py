"""From a proven subject to a user: known by (issuer, subject), linked on purpose, made by a claim. Never by e-mail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.core import clock
from portal.core.crypto import encrypt
from portal.core.ids import new_id
from portal.core.scope import Role
from portal.core.session import TenantSession, open_session
from portal.identity import events as room
from portal.identity.models import Invitation, User
from portal.identity.origin import Origin
from portal.identity.sessions import IDENTITY_SCOPE
from portal.identity.sso import events, queries
from portal.identity.sso.models import SsoIdentity, SsoProvider, SsoSession
from portal.identity.sso.operations.flows import Flow
from portal.identity.sso.operations.joining import join, role_again
from portal.identity.sso.operations.logging import log_change, log_refusal_of
from portal.identity.sso.refusals import Refused
from portal.identity.sso.talking import Party
from portal.identity.sso.tokens import LEEWAY
from portal.identity.standing import TOLD, kept_out, withdrawn

TOKEN_FIELD = "sso.id_token"
STRANGER = (
    "The identity provider knows you, and this portal does not yet. Open your invitation’s link and choose single"
    " sign-on there; or sign in with your password and link it under Single sign-on."
)
TAKEN = "This sign-in at the identity provider belongs to somebody else here already, or you have another one linked."


@dataclass(frozen=True, slots=True, repr=False)
class Proven:
    """A subject whose identity token was checked."""

    flow: Flow
    party: Party
    claims: dict[str, Any]
    raw: str

    @property
    def subject(self) -> str:
        """Who it is at the issuer."""
        return str(self.claims["sub"])


class Known(Refused):
    """Refused to somebody who is known here; logged in their own name."""

    logged = True


@dataclass(frozen=True, slots=True)
class Entered:
    """Somebody known here. `strong`: the FMO trusts its provider, and that says it saw a second factor."""

    user: User
    strong: bool
    at: datetime | None  # when they proved it there, as far as the provider says
    session: list[str]  # of `sso_session`: FMO, row and user


def enter(proven: Proven, *, viewer_id: UUID | None, origin: Origin) -> Entered:
    """Who it is here; raises `Refused`."""
    with open_session(IDENTITY_SCOPE) as work:
        provider = queries.provider_of(work, proven.party.fmo_id)
        if provider is None or provider.issuer != proven.party.issuer:
            raise Refused("not offered", "Single sign-on was changed while you were signing in. Sign in anew.")
        who = {"link": _linking, "invitation": _invited, "step_up": _again}.get(proven.flow.purpose)
        user = who(work, proven, viewer_id, origin) if who else _known(work, provider, proven, origin)
        session = _remember(work, user, proven)
        if proven.flow.purpose != "link":
            log_change(work, events.SIGNED_IN, user, origin)
        work.flush()
        work.refresh(user)  # what changed here has given them another generation of sessions
        strong = _strong(provider, user, proven.claims)
        if proven.flow.purpose == "step_up":
            _recent(work, provider, proven, user, strong)
    return Entered(user, strong, proved_at(proven.claims), session)


def _known(work: TenantSession, provider: SsoProvider, proven: Proven, origin: Origin) -> User:
    identity = queries.identity_of(work, provider.fmo_id, provider.issuer, proven.subject)
    if identity is None:
        if provider.joining != "claim":
            raise Refused("unknown subject", STRANGER)
        return join(work, provider, proven.claims, origin)
    user = work.scalar(select(User).where(User.fmo_id == identity.fmo_id, User.id == identity.user_id))
    why = kept_out(user) if user else "gone"
    if user is None or why is not None:
        if user is not None:
            log_refusal_of(user, str(why), origin)
        raise Known(why or "gone", TOLD.get(why or "", "Your account here cannot be used now. Ask your FMO."))
    identity.used_at = clock.now()
    if identity.by_claim:
        role_again(work, provider, user, proven.claims, origin)
    return user


def _linking(work: TenantSession, proven: Proven, viewer_id: UUID | None, origin: Origin) -> User:
    """Somebody who is signed in links themselves; it must still be them."""
    user = _of_flow(work, proven.flow)
    if user is None or viewer_id != user.id or kept_out(user):
        raise Refused("another person", "You are signed in as somebody else than when you began. Nothing was linked.")
    _link(work, user, proven, origin, how="session")
    return user


def _again(work: TenantSession, proven: Proven, viewer_id: UUID | None, origin: Origin) -> User:
    """Somebody who is signed in proves anew to be themself: as the subject that they are linked with."""
    identity = queries.identity_of(work, proven.flow.fmo_id, proven.party.issuer, proven.subject)
    user = _of_flow(work, proven.flow)
    if identity is None or user is None or not identity.user_id == user.id == viewer_id or kept_out(user):
        raise Refused("another person", "At the identity provider you are somebody else than here. Nothing was proved.")
    return user


def _recent(work: TenantSession, provider: SsoProvider, proven: Proven, user: User, strong: bool) -> None:
    at = proved_at(proven.claims)
    if at is None or at < proven.flow.begun_at - timedelta(seconds=LEEWAY):
        raise Refused("not anew", "The identity provider did not ask you anew who you are, so that nothing was proved.")
    if not strong and queries.holds_factor(user):
        raise Refused("one factor", "You have a second factor here: prove that you are you with it.")


def _invited(work: TenantSession, proven: Proven, viewer_id: UUID | None, origin: Origin) -> User:
    """Who opened an invitation, proved the NPN and now the provider's word: active from here on, without a password."""
    held = select(Invitation).where(Invitation.fmo_id == proven.flow.fmo_id, Invitation.id == proven.flow.invitation_id)
    invitation = work.scalar(held.with_for_update())
    user = _of_flow(work, proven.flow)
    good = invitation is not None and not invitation.used_at and not invitation.voided_at
    if invitation is None or user is None or not good or invitation.email != user.email:
        raise Refused("invitation", "This invitation cannot be used any more. Ask your FMO for a new one.")
    if user.state != "invited" or withdrawn(user):
        raise Refused("invitation", "This invitation cannot be used any more. Ask your FMO for a new one.")
    if invitation.expires_at is None or invitation.expires_at < clock.now():
        raise Refused("invitation", "This invitation has expired. Ask your FMO for a new one.")
    if confirmed_email(proven.claims) not in (None, user.email):
        # An address never links anybody; another one says that somebody else is signed in at the provider here.
        raise Refused(
            "another address",
            "At the identity provider you are signed in with another e-mail address than the one that was invited. Sign"
            " out there, open the invitation again, and sign in as the person who was invited.",
        )
    invitation.used_at = clock.now()
    user.state = "active"
    _link(work, user, proven, origin, how="invitation")
    work.flush()
    log_change(work, room.INVITATION_USED, user, origin)
    return user


def _of_flow(work: TenantSession, flow: Flow) -> User | None:
    return work.scalar(select(User).where(User.fmo_id == flow.fmo_id, User.id == flow.user_id))


def _link(work: TenantSession, user: User, proven: Proven, origin: Origin, *, how: str) -> None:
    issuer = proven.party.issuer
    made = {"user_id": user.id, "issuer": issuer, "subject": proven.subject, "used_at": clock.now()}
    try:
        with work.begin_nested():
            work.add(SsoIdentity(fmo_id=user.fmo_id, id=new_id(), **made))
            work.flush()
    except IntegrityError as error:
        raise Refused("linked already", TAKEN) from error
    log_change(work, events.LINKED, user, origin, issuer=issuer, how=how)


def _remember(work: TenantSession, user: User, proven: Proven) -> list[str]:
    sid = proven.claims.get("sid")
    row = SsoSession(
        fmo_id=user.fmo_id,
        id=new_id(),
        user_id=user.id,
        issuer=proven.party.issuer,
        subject=proven.subject,
        sid=sid if isinstance(sid, str) and 0 < len(sid) <= 255 else None,
        id_token=encrypt(proven.raw, fmo_id=user.fmo_id, field=TOKEN_FIELD),
    )
    if proven.flow.purpose not in ("link", "step_up"):
        work.add(row)
    return [str(row.fmo_id), str(row.id), str(row.user_id)]


def proved_at(claims: dict[str, Any]) -> datetime | None:
    """When the person signed in at the provider, where it says so; never later than now."""
    at = claims.get("auth_time")
    if isinstance(at, bool) or not isinstance(at, int | float) or not 0 < at < 1e11:
        return None
    return min(datetime.fromtimestamp(at, UTC), clock.now())


def confirmed_email(claims: dict[str, Any]) -> str | None:
    """The address, where the provider says in so many words that it was confirmed; else none at all."""
    email = claims.get("email")
    return email.strip().lower() if claims.get("email_verified") is True and isinstance(email, str) else None


def _strong(provider: SsoProvider, user: User, claims: dict[str, Any]) -> bool:
    """Whether the provider's second factor stands for ours. Never for who watches over the FMO's administrators."""
    if not provider.trusts_factor or user.role is Role.COMPLIANCE:
        return False
    methods = claims.get("amr")
    several = isinstance(methods, list) and "mfa" in methods
    return several or (provider.strong_acr is not None and claims.get("acr") == provider.strong_acr)
