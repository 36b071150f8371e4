"""Sending a browser to the FMO's provider, and knowing it again when it comes back."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete

from portal.core import clock
from portal.core.crypto import decrypt, encrypt
from portal.core.ids import new_id
from portal.core.session import open_session
from portal.identity.sessions import IDENTITY_SCOPE
from portal.identity.sso import queries
from portal.identity.sso.models import SsoFlow
from portal.identity.sso.refusals import Refused
from portal.identity.sso.talking import address, known

GOOD_FOR = timedelta(minutes=15)
AT_ONCE = 5  # tabs of one browser that may be at a provider
FIELD = "sso.flow"
NOT_OFFERED = "Single sign-on is not set up for this at the moment. Sign in with your password, or ask your FMO."
UNKNOWN = "This answer does not belong to a sign-in that this browser began, or it was given already. Sign in anew."
Held = dict[str, list[str]]  # hash of a state → FMO and flow; lives in the browser's session


@dataclass(frozen=True, slots=True)
class Leaving:
    """Where the browser goes, and what its session keeps so that nobody else can answer."""

    address: str
    key: str
    flow: list[str]

    def kept(self, held: Held | None) -> Held:
        """The session's notes with this one added, the oldest dropped."""
        notes = {**(held or {}), self.key: self.flow}
        return dict(list(notes.items())[-AT_ONCE:])


@dataclass(frozen=True, slots=True, repr=False)
class Flow:
    """What was asked of the provider; known once."""

    fmo_id: UUID
    purpose: str
    issuer: str
    user_id: UUID | None
    invitation_id: UUID | None
    nonce: str
    verifier: str
    target: str
    begun_at: datetime


def begin(
    fmo_id: UUID,
    *,
    purpose: str = "sign_in",
    user_id: UUID | None = None,
    invitation_id: UUID | None = None,
    target: str = "",
) -> Leaving:
    """Prepare a sign-in at the FMO's provider; raises `Refused` where it cannot be asked."""
    with open_session(IDENTITY_SCOPE) as work:
        provider = queries.provider_of(work, fmo_id)
        if provider is None or not provider.offered:
            raise Refused("not offered", NOT_OFFERED)
        party, strong = queries.party_of(provider), provider.strong_acr if provider.trusts_factor else None
    metadata = known(party).metadata  # no transaction stands open while somebody else's server is waited for
    state, nonce, verifier = (secrets.token_urlsafe(48) for _ in range(3))
    more = {"acr_values": strong} if strong else {}
    if purpose in ("link", "step_up"):
        more |= {"prompt": "login", "max_age": "0"}  # whoever sits at the machine proves who they are now
    where = address(party, metadata, state=state, nonce=nonce, verifier=verifier, **more)
    flow = SsoFlow(
        fmo_id=fmo_id,
        id=new_id(),
        purpose=purpose,
        issuer=party.issuer,
        user_id=user_id,
        invitation_id=invitation_id,
        nonce=encrypt(nonce, fmo_id=fmo_id, field=FIELD),
        verifier=encrypt(verifier, fmo_id=fmo_id, field=FIELD),
        target=target,
        begun_at=clock.now(),
        expires_at=clock.now() + GOOD_FOR,
    )
    with open_session(IDENTITY_SCOPE) as work:
        work.add(flow)
    return Leaving(where, _key(state), [str(fmo_id), str(flow.id)])


def take(state: str, held: Held | None) -> Flow:
    """What this browser asked under `state`, the first time; raises `Refused` at every other."""
    note = (held or {}).get(_key(state))
    if note is None:
        raise Refused("state", UNKNOWN)
    with open_session(IDENTITY_SCOPE) as work:
        fmo_id, flow_id = UUID(note[0]), UUID(note[1])
        # One statement, so that of two answers at once only one finds it.
        gone = delete(SsoFlow).where(SsoFlow.fmo_id == fmo_id, SsoFlow.id == flow_id).returning(SsoFlow)
        row = work.scalar(gone)
        if row is None or row.expires_at < clock.now():
            raise Refused("state", UNKNOWN)
        return Flow(
            fmo_id=fmo_id,
            purpose=row.purpose,
            issuer=row.issuer,
            user_id=row.user_id,
            invitation_id=row.invitation_id,
            nonce=decrypt(row.nonce, fmo_id=fmo_id, field=FIELD),
            verifier=decrypt(row.verifier, fmo_id=fmo_id, field=FIELD),
            target=row.target,
            begun_at=row.begun_at,
        )


def without(held: Held | None, state: str) -> Held:
    """The session's notes without this state's."""
    return {key: note for key, note in (held or {}).items() if key != _key(state)}


def _key(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()
