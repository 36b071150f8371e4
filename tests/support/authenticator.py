"""A passkey device in software: it makes keys and signs as a real one does, and lies wherever a test tells it to."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import base64url_to_bytes as unb64
from webauthn.helpers import bytes_to_base64url as b64
from webauthn.helpers import encode_cbor

PRESENT, VERIFIED, SYNCABLE, HAS_KEY = 0x01, 0x04, 0x08, 0x40


@dataclass(slots=True)
class Device:
    """Holds one key. `counts`: says how often it was used; a synced one does not. `knows_owner`: asks for the PIN."""

    origin: str
    counts: bool = True
    knows_owner: bool = True
    used: int = 0
    user_handle: bytes | None = None
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def make(self, options: str, **lies: Any) -> str:
        """An answer to `navigator.credentials.create`."""
        asked = json.loads(options)
        self.user_handle = unb64(asked["user"]["id"])
        attested = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + self._public()
        data = self._data(lies.get("rp_id", asked["rp"]["id"]), HAS_KEY) + attested
        statement = encode_cbor({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", asked["challenge"], lies)
        response = {"clientDataJSON": b64(client), "attestationObject": b64(statement), "transports": ["internal"]}
        return self._answer(response)

    def sign(self, options: str, **lies: Any) -> str:
        """An answer to `navigator.credentials.get`.

        `lies` may replace `origin`, `rp_id`, `type`, `challenge`, `user_handle`, `signature` or `crossOrigin`.
        """
        asked = json.loads(options)
        data = self._data(lies.get("rp_id", asked["rpId"]))
        client = self._client(lies.get("type", "webauthn.get"), lies.get("challenge", asked["challenge"]), lies)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        response = {
            "clientDataJSON": b64(client),
            "authenticatorData": b64(data),
            "signature": b64(lies.get("signature", signature)),
        }
        handle = lies.get("user_handle", self.user_handle)
        return self._answer(response | ({"userHandle": b64(handle)} if handle else {}))

    def _answer(self, response: dict[str, Any]) -> str:
        named = b64(self.credential_id)
        return json.dumps({"id": named, "rawId": named, "type": "public-key", "response": response})

    def _client(self, kind: str, challenge: str, lies: dict[str, Any]) -> bytes:
        told = {"type": kind, "challenge": challenge, "origin": lies.get("origin", self.origin)}
        return json.dumps(told | {"crossOrigin": lies.get("crossOrigin", False)}).encode()

    def _data(self, rp_id: str, more: int = 0) -> bytes:
        self.used += self.counts
        flags = PRESENT | (VERIFIED if self.knows_owner else 0) | (0 if self.counts else SYNCABLE) | more
        count = self.used if self.counts else 0
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + count.to_bytes(4, "big")

    def _public(self) -> bytes:
        point = self.key.public_key().public_numbers()
        return encode_cbor({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")})
