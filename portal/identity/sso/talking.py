"""The conversation with an FMO's identity provider: what it tells about itself, its keys, and a code for tokens."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.discovery import get_well_known_url
from joserfc.jwk import KeySet
from requests import RequestException, Response, Session

from portal.identity.sso.calling import ask, fit_for_use, mount
from portal.identity.sso.refusals import Refused, Unreachable
from portal.identity.sso.tokens import ALGORITHMS, Expected, UnknownKey, keys_of

FRESH_FOR = 600.0  # seconds for which metadata and keys are believed without asking again
AGAIN_AFTER = 60.0  # seconds after which an unknown key is looked for once more
REDIRECTED = "The identity provider sends this portal elsewhere instead of answering."


@dataclass(frozen=True, slots=True, repr=False)
class Party:
    """Who talks to whom: the FMO's provider with our own name and secret there. Its repr shows none of it."""

    fmo_id: UUID
    issuer: str
    client_id: str
    secret: str | None
    scopes: str
    redirect_uri: str


@dataclass(slots=True)
class Known:
    """What a provider told about itself, checked, and its keys."""

    metadata: Mapping[str, Any]
    keys: KeySet
    at: float = field(default_factory=time.monotonic)

    def expected(self, party: Party) -> Expected:
        """What its tokens must carry."""
        said = self.metadata.get("id_token_signing_alg_values_supported")
        usual = tuple(one for one in ALGORITHMS if not isinstance(said, list) or one in said)
        return Expected(party.issuer, party.client_id, usual)


_known: dict[tuple[UUID, str], Known] = {}


def known(party: Party, *, again: bool = False, unless_within: float = 0.0) -> Known:
    """The provider's metadata and keys, asked for where they are not fresh; raises `Refused`.

    `again`: asked for anew, except where that was done within so many seconds.
    """
    held = _known.get((party.fmo_id, party.issuer))
    age = time.monotonic() - held.at if held else FRESH_FOR
    if held is not None and age < (unless_within if again else FRESH_FOR):
        return held
    with mount(Session()) as session:
        metadata = discovered(session, party.issuer)
        found = Known(metadata, fetched_keys(session, metadata))
    if len(_known) > 500:
        _known.clear()
    _known[(party.fmo_id, party.issuer)] = found
    return found


def forget(party: Party) -> None:
    """Ask anew at the next need."""
    _known.pop((party.fmo_id, party.issuer), None)


def discovered(session: Session, issuer: str) -> dict[str, Any]:
    """What the provider at `issuer` tells about itself; raises `Refused` where that cannot be used."""
    fit_for_use(issuer, "issuer")
    told = _json(ask(session, "GET", get_well_known_url(issuer, external=True)), "its description")
    if told.get("issuer") != issuer:
        raise Refused("issuer", "The provider at this address calls itself by another issuer. Copy its issuer exactly.")
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if not isinstance(told.get(name), str):
            raise Refused("metadata", f"The identity provider’s description lacks its {name}.")
        fit_for_use(told[name], f"provider’s {name}")
    end = told.get("end_session_endpoint")
    if end is not None and not (isinstance(end, str) and fit_for_use(end, "provider’s end_session_endpoint")):
        raise Refused("metadata", "The identity provider’s end_session_endpoint is no address.")
    _offers(told, "response_types_supported", ("code",), "sign-in by code")
    _offers(told, "code_challenge_methods_supported", ("S256",), "PKCE with S256")
    _offers(told, "id_token_signing_alg_values_supported", ALGORITHMS, "signatures with a public key")
    return told


def _offers(told: Mapping[str, Any], name: str, wanted: tuple[str, ...], words: str) -> None:
    said = told.get(name)
    if said is not None and not (isinstance(said, list) and any(one in said for one in wanted)):
        raise Refused("metadata", f"The identity provider does not offer {words}, which this portal insists on.")


def fetched_keys(session: Session, metadata: Mapping[str, Any]) -> KeySet:
    """The provider's keys; raises `Refused`."""
    return keys_of(_json(ask(session, "GET", metadata["jwks_uri"]), "its keys"))


def _json(answer: Response, what: str) -> dict[str, Any]:
    if 300 <= answer.status_code < 400:
        raise Unreachable("redirect", REDIRECTED)
    if answer.status_code != 200:
        raise Unreachable("status", f"The identity provider answers {answer.status_code} when asked for {what}.")
    try:
        told = answer.json()
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise Unreachable("answer", f"What the identity provider sends for {what} cannot be read.")
    return told


def client(party: Party, metadata: Mapping[str, Any]) -> OAuth2Session:
    """Authlib's client for the provider, on our own line."""
    said = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    method = "none" if party.secret is None else "client_secret_basic"
    if party.secret is not None and "client_secret_basic" not in said and "client_secret_post" in said:
        method = "client_secret_post"
    made = OAuth2Session(
        party.client_id,
        party.secret,
        scope=party.scopes,
        redirect_uri=party.redirect_uri,
        token_endpoint_auth_method=method,
        code_challenge_method="S256",
    )
    mount(made)
    return made


def address(party: Party, metadata: Mapping[str, Any], *, state: str, nonce: str, verifier: str, **more: str) -> str:
    """Where the browser goes to sign in at the provider."""
    with client(party, metadata) as session:
        made, _ = session.create_authorization_url(
            metadata["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier, **more
        )
    return str(made)


def exchange(party: Party, metadata: Mapping[str, Any], code: str, verifier: str) -> dict[str, Any]:
    """The tokens for a code; raises `Refused`."""
    with client(party, metadata) as session:
        session.register_compliance_hook("access_token_response", _straight)
        try:
            token = session.fetch_token(
                metadata["token_endpoint"],
                grant_type="authorization_code",
                code=code,
                code_verifier=verifier,
                allow_redirects=False,
            )
        except OAuthError as error:
            raise Refused("code", _said(str(error.error))) from error
        except (RequestException, ValueError, RecursionError) as error:
            raise Refused("answer", "The identity provider did not give tokens for the code that it sent.") from error
    told = dict(token)
    if str(told.get("token_type", "")).lower() != "bearer":
        raise Refused("answer", "The identity provider did not give tokens for the code that it sent.")
    return told


def _straight(answer: Response) -> Response:
    if 300 <= answer.status_code < 400:
        raise Unreachable("redirect", REDIRECTED)
    return answer


def _said(error: str) -> str:
    if error == "invalid_client":
        return "The identity provider does not accept this portal’s client or its secret."
    if error == "invalid_grant":
        return "The identity provider no longer accepts the code that it sent. Sign in anew."
    return "The identity provider refused to give tokens for the code that it sent."


def with_keys(party: Party, read: Any, *, unless_within: float = 0.0) -> Any:
    """`read(known)`; once more with keys fetched anew where the token's key is not among those held."""
    held = known(party)
    try:
        return read(held)
    except UnknownKey:
        fresh = known(party, again=True, unless_within=unless_within)
        if fresh is held:
            raise
        return read(fresh)
