"""An OpenID provider on this machine that answers rightly, or wrongly in exactly one way that a test names."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey
from joserfc.jws import JWSRegistry

CLIENT, SECRET = "portal-tests", "A-client-secret-of-tests-9"
Change = Callable[[dict[str, Any]], None]


@cache
def key(name: str) -> RSAKey:
    """A key pair of this process."""
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig", "alg": "RS256"}, private=True)


@dataclass(slots=True)
class Provider:
    """A provider at `issuer`. What a test changes holds for the answers that follow."""

    issuer: str
    kid: str = "one"
    shown: list[str] = field(default_factory=lambda: ["one"])
    claims: dict[str, Any] = field(default_factory=dict)
    change_claims: Change | None = None
    change_header: Change | None = None
    change_metadata: Change | None = None
    change_tokens: Change | None = None
    sign: Callable[[Provider, dict[str, Any], dict[str, Any]], str] | None = None
    at: dict[str, Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=dict)  # path → another answer
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def metadata(self) -> dict[str, Any]:
        """What it tells about itself."""
        told: dict[str, Any] = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/end",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "code_challenge_methods_supported": ["S256"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "authorization_response_iss_parameter_supported": True,
        }
        if self.change_metadata:
            self.change_metadata(told)
        return told

    def authorize(self, address: str, subject: str = "subject-1") -> dict[str, str]:
        """Sign somebody in who was sent to `address`; what their browser brings back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        code = secrets.token_urlsafe(16)
        self.codes[code] = {**asked, "sub": subject}
        return {"code": code, "state": asked["state"], "iss": self.issuer}

    def tokens(self, sent: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """The answer of the token endpoint."""
        asked = self.codes.pop(sent.get("code", ""), None)
        if asked is None:
            return 400, {"error": "invalid_grant"}
        digest = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        access = secrets.token_urlsafe(16)
        told: dict[str, Any] = {"access_token": access, "token_type": "Bearer", "expires_in": 60}
        told["id_token"] = self.id_token(asked["sub"], asked["nonce"], access)
        if self.change_tokens:
            self.change_tokens(told)
        return 200, told

    def id_token(self, subject: str, nonce: str, access: str = "") -> str:
        """A signed identity token, as the test has it."""
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": subject,
            "aud": CLIENT,
            "exp": now + 300,
            "iat": now,
            "nonce": nonce,
            "sid": f"sid-{subject}",
            "at_hash": half(access),
            **self.claims,
        }
        if self.change_claims:
            self.change_claims(claims)
        return self.signed({"alg": "RS256", "kid": self.kid, "typ": "JWT"}, claims)

    def logout_token(self, **more: Any) -> str:
        """A signed logout token for subject-1; None in `more` takes a claim away, `header` changes the header."""
        now = int(time.time())
        header = {"alg": "RS256", "kid": self.kid, "typ": "logout+jwt", **more.pop("header", {})}
        event: dict[str, Any] = {"http://schemas.openid.net/event/backchannel-logout": {}}
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 120,
            "jti": secrets.token_urlsafe(8),
            "sub": "subject-1",
            "sid": "sid-subject-1",
            "events": event,
            **more,
        }
        return self.signed(header, {name: value for name, value in claims.items() if value is not None})

    def signed(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        """The two of them, signed in the way of the test."""
        if self.change_header:
            self.change_header(header)
        if self.sign:
            return self.sign(self, header, claims)
        return jwt.encode(header, claims, key(self.kid), registry=_any())


def half(access: str) -> str:
    """The at_hash of an access token."""
    return base64.urlsafe_b64encode(hashlib.sha256(access.encode()).digest()[:16]).rstrip(b"=").decode()


def _any() -> JWSRegistry:
    return JWSRegistry(algorithms=["RS256", "HS256", "none"], strict_check_header=False)


def unsigned(provider: Provider, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """alg none."""
    parts = (json.dumps({**header, "alg": "none"}), json.dumps(claims))
    return ".".join([*(base64.urlsafe_b64encode(one.encode()).rstrip(b"=").decode() for one in parts), ""])


def by_public_key(provider: Provider, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """HS256 with the text of the public key as the secret."""
    public = key(provider.kid).as_pem(private=False)
    return _hmac(public, header, claims)


def by_secret(provider: Provider, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """HS256 with the client's secret."""
    return _hmac(SECRET.encode(), header, claims)


def _hmac(secret: bytes, header: dict[str, Any], claims: dict[str, Any]) -> str:
    import hmac

    parts = [json.dumps({**header, "alg": "HS256"}), json.dumps(claims)]
    body = ".".join(base64.urlsafe_b64encode(one.encode()).rstrip(b"=").decode() for one in parts)
    made = hmac.digest(secret, body.encode(), "sha256")
    return f"{body}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"


def by_another_key(provider: Provider, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """The right key id over somebody else's signature."""
    return jwt.encode(header, claims, key("stranger"), registry=_any())


@contextmanager
def running() -> Iterator[Provider]:
    """The provider at a port of this machine for the length of the block."""
    provider = Provider("")

    class Door(_Door):
        of = provider

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    server.daemon_threads = True
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()


class _Door(BaseHTTPRequestHandler):
    of: Provider

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.of.asked.append(path)
        if path in self.of.at:
            with suppress(OSError):
                self.of.at[path](self)
        elif path == "/.well-known/openid-configuration":
            say(self, 200, self.of.metadata())
        elif path == "/keys":
            say(self, 200, {"keys": [key(name).as_dict(private=False) for name in self.of.shown]})
        else:
            say(self, 200, {"page": "sign in"})

    def do_POST(self) -> None:
        path = urlsplit(self.path).path
        self.of.asked.append(path)
        sent = parse_qs(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
        if path in self.of.at:
            with suppress(OSError):
                self.of.at[path](self)
            return
        given = self.headers.get("Authorization", "").removeprefix("Basic ")
        if base64.b64decode(given).decode() != f"{CLIENT}:{SECRET}":
            say(self, 401, {"error": "invalid_client"})
            return
        say(self, *self.of.tokens({name: values[0] for name, values in sent.items()}))

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


def say(door: BaseHTTPRequestHandler, status: int, told: Any, **headers: str) -> None:
    """One answer in JSON."""
    body = json.dumps(told).encode()
    door.send_response(status)
    for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
        door.send_header(name, value)
    door.end_headers()
    door.wfile.write(body)


def redirect(door: BaseHTTPRequestHandler) -> None:
    """Elsewhere."""
    say(door, 302, {}, Location="http://127.0.0.1:1/elsewhere")


def endless(door: BaseHTTPRequestHandler) -> None:
    """More than anybody needs."""
    door.send_response(200)
    door.end_headers()
    for _ in range(200):
        door.wfile.write(b" " * 65_536)


def drip(door: BaseHTTPRequestHandler) -> None:
    """A byte now and then."""
    door.send_response(200)
    door.send_header("Content-Length", "100000")
    door.end_headers()
    for _ in range(300):
        door.wfile.write(b" ")
        door.wfile.flush()
        time.sleep(0.1)


def broken(door: BaseHTTPRequestHandler) -> None:
    """No JSON."""
    door.send_response(200)
    door.end_headers()
    door.wfile.write(b"<html>Gateway</html>")
