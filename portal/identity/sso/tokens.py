"""What a signed token must be before one word of it is believed: the identity token, and the logout token.

Authlib checks signature and claims; what it lets through is refused here first: a token without a key id that is
known, other audiences beside ours, values of the wrong kind, two minutes of patience with an expiry.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet
from joserfc.jws import JWSRegistry

from portal.core import clock
from portal.identity.sso.refusals import Refused

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
LEEWAY = 30  # seconds that two clocks may differ
LOGOUT_GOOD_FOR = 600  # seconds after which a logout token is old, whatever its expiry says
LARGEST = 32 * 1024
LOGOUT = "http://schemas.openid.net/event/backchannel-logout"


class UnknownKey(Refused):
    """The token is signed with a key that is not among those we hold: they may have been exchanged since."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the answer to one request of ours must carry."""

    issuer: str
    client_id: str
    algorithms: tuple[str, ...] = ALGORITHMS  # those of ours that the provider says it uses


def identity_claims(
    raw: object, keys: KeySet, expected: Expected, *, nonce: str, access_token: str | None
) -> dict[str, Any]:
    """The claims of an identity token that is the answer to our request and to nobody else's; raises `Refused`."""
    header, claims = _signed(raw, keys, expected)
    _audience(claims, expected)
    _times(claims, ("iat", "exp"))
    sent = claims.get("nonce")
    if not isinstance(sent, str) or not hmac.compare_digest(sent.encode(), nonce.encode()):
        raise Refused("nonce", "The identity token answers another sign-in than this one.")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise Refused("subject", "The identity token does not say who signed in.")
    checked = CodeIDToken(
        claims,
        header,
        {"iss": {"essential": True, "value": expected.issuer}},
        {"nonce": nonce, "client_id": expected.client_id, "access_token": access_token},
    )
    try:
        checked.validate(now=int(clock.now().timestamp()), leeway=LEEWAY)
    except (JoseError, ValueError, TypeError) as error:
        what = "at_hash" if "at_hash" in str(error) else "claims"
        raise Refused(what, "The identity token does not fit the sign-in that it belongs to.") from error
    return claims


def logout_claims(raw: object, keys: KeySet, expected: Expected) -> dict[str, Any]:
    """The claims of a logout token (OpenID Connect Back-Channel Logout); raises `Refused`."""
    header, claims = _signed(raw, keys, expected)
    if str(header.get("typ", "")).lower().removeprefix("application/") != "logout+jwt":
        raise Refused("typ", "This is not a logout token.")
    _audience(claims, expected)
    _times(claims, ("iat", "exp"))
    if claims["iat"] < clock.now().timestamp() - LOGOUT_GOOD_FOR:
        raise Refused("old", "The logout token is old.")
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(LOGOUT), dict):
        raise Refused("events", "The token is not about signing out.")
    if "nonce" in claims:
        raise Refused("nonce", "A logout token has no nonce.")
    if not _word(claims.get("jti")):
        raise Refused("jti", "The logout token has no number of its own.")
    if not (_word(claims.get("sid")) or _word(claims.get("sub"))):
        raise Refused("nobody", "The logout token names neither a session nor a person.")
    if any(name in claims and not _word(claims[name]) for name in ("sid", "sub")):
        raise Refused("nobody", "The logout token names neither a session nor a person.")
    return claims


def keys_of(document: object) -> KeySet:
    """The public keys of a provider's key document that can sign; raises `Refused` where there are none."""
    offered = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(offered, list) or len(offered) > 100:
        raise Refused("keys", "The identity provider's keys cannot be read.")
    usable = [key for one in offered if (key := _public_key(one)) is not None]
    if not usable:
        raise Refused("keys", "The identity provider shows no key with which it could sign.")
    return KeySet(usable)


def _public_key(offered: object) -> Key | None:
    if not isinstance(offered, dict) or offered.get("kty") not in ("RSA", "EC"):
        return None
    if offered.get("use", "sig") != "sig":
        return None
    wanted = {name: offered[name] for name in ("kty", "kid", "alg", "n", "e", "crv", "x", "y") if name in offered}
    try:
        made = KeySet.import_key_set({"keys": [wanted]}).keys[0]
        size: int = getattr(made.public_key, "key_size", 0)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    return made if offered["kty"] == "EC" or size >= 2048 else None


def _signed(raw: object, keys: KeySet, expected: Expected) -> tuple[dict[str, Any], dict[str, Any]]:
    if not isinstance(raw, str) or not raw or len(raw) > LARGEST or raw.count(".") != 2:
        raise Refused("no token", "The identity provider sent no identity token.")
    header = _header(raw)
    algorithm = header.get("alg")
    if algorithm not in expected.algorithms:
        raise Refused("algorithm", "The token is not signed in a way that proves where it comes from.")
    if "crit" in header or "b64" in header:
        raise Refused("header", "The token asks for something that this portal does not know.")
    key = _key_for(header, keys)
    try:
        token = jwt.decode(raw, key=key, registry=JWSRegistry(algorithms=[str(algorithm)], strict_check_header=False))
    except (JoseError, ValueError, TypeError) as error:
        raise Refused("signature", "The token’s signature is not the identity provider’s.") from error
    return dict(token.header), dict(token.claims)


def _header(raw: str) -> Mapping[str, Any]:
    first = raw.partition(".")[0]
    try:
        header = json.loads(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)))
    except ValueError as error:
        raise Refused("no token", "The identity provider sent no identity token.") from error
    if not isinstance(header, dict):
        raise Refused("no token", "The identity provider sent no identity token.")
    return header


def _key_for(header: Mapping[str, Any], keys: KeySet) -> Key:
    kind = "EC" if str(header["alg"]).startswith("ES") else "RSA"
    fitting = [
        key for key in keys.keys if key.key_type == kind and key.as_dict().get("alg", header["alg"]) == header["alg"]
    ]
    kid = header.get("kid")
    if kid is not None:
        fitting = [key for key in fitting if key.as_dict().get("kid") == kid]
    if len(fitting) != 1:
        raise UnknownKey("unknown key", "The token is signed with a key that the identity provider does not show.")
    return fitting[0]


def _audience(claims: Mapping[str, Any], expected: Expected) -> None:
    if claims.get("iss") != expected.issuer:
        raise Refused("issuer", "The token comes from another identity provider than the one asked.")
    audience = claims.get("aud")
    named = [audience] if isinstance(audience, str) else audience
    # Whoever else is named could use the token as well; this portal trusts nobody else with it.
    if named != [expected.client_id]:
        raise Refused("audience", "The token was made for somebody else, or for others as well.")
    if "azp" in claims and claims["azp"] != expected.client_id:
        raise Refused("audience", "The token was made for somebody else, or for others as well.")


def _times(claims: Mapping[str, Any], needed: tuple[str, ...]) -> None:
    now = clock.now().timestamp()
    for name in needed:
        if isinstance(claims.get(name), bool) or not isinstance(claims.get(name), int | float):
            raise Refused("times", "The token does not say when it was made and until when it holds.")
    if claims["exp"] + LEEWAY < now:
        raise Refused("expired", "The token has expired. If this happens again, a clock is wrong.")
    if claims["iat"] - LEEWAY > now:
        raise Refused("future", "The token was made in the future. A clock is wrong.")


def _word(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 255
