"""Signing out: of the provider together with this portal, and here because the provider says so."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from authlib.common.urls import add_params_to_uri
from flask import current_app
from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from portal.core import clock
from portal.core.crypto import Unreadable, decrypt
from portal.core.ids import new_id
from portal.core.session import TenantSession, open_session
from portal.identity.models import Fmo, LoginSession, User
from portal.identity.origin import Origin
from portal.identity.sessions import IDENTITY_SCOPE, VOUCHED
from portal.identity.sso import events, queries
from portal.identity.sso.models import SsoFlow, SsoLogoutToken, SsoSession
from portal.identity.sso.operations.entering import TOKEN_FIELD
from portal.identity.sso.operations.logging import log_change, log_refusal
from portal.identity.sso.refusals import Refused
from portal.identity.sso.talking import AGAIN_AFTER, Known, Party, known, with_keys
from portal.identity.sso.tokens import LEEWAY, LOGOUT_GOOD_FOR, logout_claims

KEPT_FOR = timedelta(days=2)  # longer than any session of ours lasts
BACK_WITHIN = 600  # seconds


@dataclass(frozen=True, slots=True)
class _There:
    party: Party
    id_token: str


def end_there(mark: object) -> str | None:
    """Forget the session that `mark` names; where its person signs out at the provider, or None if nowhere."""
    found = _forgotten(mark)
    if found is None:
        return None
    try:
        end = known(found.party).metadata.get("end_session_endpoint")
    except Refused:
        return None  # signed out here all the same
    if end is None:
        return None
    back = {
        "id_token_hint": found.id_token,
        "client_id": found.party.client_id,
        "post_logout_redirect_uri": queries.signed_out_address(),
        "state": _signer().dumps("out"),
    }
    return str(add_params_to_uri(end, list(back.items())))


def came_back(state: str) -> bool:
    """Whether `state` is one that we sent with somebody who signed out a short while ago."""
    try:
        return bool(_signer().loads(state, max_age=BACK_WITHIN) == "out")
    except BadData:
        return False


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="sso-sign-out")


def _forgotten(mark: object) -> _There | None:
    if not isinstance(mark, list) or len(mark) != 3:
        return None
    fmo_id, row_id = UUID(mark[0]), UUID(mark[1])
    with open_session(IDENTITY_SCOPE) as work:
        mine = (SsoSession.fmo_id == fmo_id, SsoSession.id == row_id)
        row = work.scalar(delete(SsoSession).where(*mine).returning(SsoSession))
        provider = queries.provider_of(work, fmo_id)
        if row is None or row.id_token is None or provider is None or provider.issuer != row.issuer:
            return None
        try:
            token = decrypt(row.id_token, fmo_id=fmo_id, field=TOKEN_FIELD)
        except Unreadable:
            return None
        return _There(queries.party_of(provider), token)


def obey(slug: str, raw: object, origin: Origin) -> int:
    """End the sessions that a logout token of the FMO's provider names; how many. Raises `Refused`, which is logged."""
    fmo_id: UUID | None = None
    try:
        party = _asker(slug)
        fmo_id = party.fmo_id

        def read(told: Known) -> dict[str, Any]:
            return logout_claims(raw, told.keys, told.expected(party))

        # Anybody can send a token with an unknown key: the provider is not asked for keys at each.
        claims = with_keys(party, read, unless_within=AGAIN_AFTER)
        return _end(party, claims, origin)
    except Refused as refused:
        log_refusal(refused, fmo_id, origin, events.LOGOUT_REFUSED)
        raise


def _asker(slug: str) -> Party:
    with open_session(IDENTITY_SCOPE) as work:
        fmo_id = work.scalar(select(Fmo.id).where(Fmo.slug == slug))
        provider = queries.provider_of(work, fmo_id) if fmo_id else None
        if provider is None or not provider.offered:
            raise Refused("no provider", "Nobody signs in here with this provider.")
        return queries.party_of(provider)


def _end(party: Party, claims: dict[str, Any], origin: Origin) -> int:
    with open_session(IDENTITY_SCOPE) as work:
        _once(work, party, claims)
        named = [SsoSession.fmo_id == party.fmo_id, SsoSession.issuer == party.issuer]
        if "sid" in claims:
            named.append(SsoSession.sid == claims["sid"])
        if "sub" in claims:
            named.append(SsoSession.subject == claims["sub"])
        rows = work.scalars(delete(SsoSession).where(*named).returning(SsoSession)).all()
        marks = [str(row.id) for row in rows]
        ended = 0
        if marks:
            here = (
                delete(LoginSession).where(LoginSession.data[VOUCHED][1].astext.in_(marks)).returning(LoginSession.id)
            )
            ended = len(work.execute(here).all())
        for user in _people(work, party.fmo_id, {row.user_id for row in rows}):
            log_change(work, events.ENDED, user, origin, sessions=len([row for row in rows if row.user_id == user.id]))
        return ended


def _once(work: TenantSession, party: Party, claims: dict[str, Any]) -> None:
    """A token is obeyed once, within its FMO."""
    hashed = hashlib.sha256(f"{party.issuer} {claims['jti']}".encode()).hexdigest()
    until = datetime.fromtimestamp(claims["iat"] + LOGOUT_GOOD_FOR + LEEWAY, UTC)
    try:
        with work.begin_nested():
            work.add(SsoLogoutToken(fmo_id=party.fmo_id, id=new_id(), jti_hash=hashed, expires_at=until))
            work.flush()
    except IntegrityError as error:
        raise Refused("jti", "This logout token was obeyed already.") from error


def _people(work: TenantSession, fmo_id: UUID, ids: set[UUID]) -> list[User]:
    return list(work.scalars(select(User).where(User.fmo_id == fmo_id, User.id.in_(ids)))) if ids else []


def purge() -> int:
    """Delete what nobody can need any more; returns how many rows."""
    now, gone = clock.now(), 0
    past = [
        delete(SsoFlow).where(SsoFlow.expires_at < now).returning(SsoFlow.id),
        delete(SsoLogoutToken).where(SsoLogoutToken.expires_at < now).returning(SsoLogoutToken.id),
        delete(SsoSession).where(SsoSession.begun_at < now - KEPT_FOR).returning(SsoSession.id),
    ]
    with open_session(IDENTITY_SCOPE) as work:
        for statement in past:
            gone += len(work.execute(statement).all())
    return gone
