"""Signing with a key that the database never sees: seals, review packs, whatever must be proven to be ours.

The key is SEAL_KEY, else one derived from the last of FIELD_KEYS, the one that stays when field keys are rotated. The
derived one always verifies, as does every further key of SEAL_KEY, so that what was signed before stays provable.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from portal.config import load_settings

_PURPOSE = b"portal: key that signs seals"


@dataclass(frozen=True, slots=True)
class Signature:
    """Which key signed, and the 64 bytes."""

    key_id: str
    signature: bytes


@lru_cache(maxsize=1)
def _keys() -> dict[str, Ed25519PrivateKey]:
    """Every key of ours by name, the one that signs first."""
    settings = load_settings()
    name, secret = settings.field_keys[-1]
    derived = HKDF(hashes.SHA256(), 32, salt=None, info=_PURPOSE).derive(secret)
    every = {**dict(settings.seal_keys), f"from-{name}": derived}
    return {key_id: Ed25519PrivateKey.from_private_bytes(seed) for key_id, seed in every.items()}


def sign(data: bytes) -> Signature:
    """Sign `data` with today's key. Say in `data` what it is: a signature is good for whatever it can be read as."""
    key_id, key = next(iter(_keys().items()))
    return Signature(key_id, key.sign(data))


def verifies(data: bytes, signature: Signature) -> bool:
    """Whether a key of ours of that name signed exactly `data`; False also for a key that is not ours."""
    key = _keys().get(signature.key_id)
    if key is None:
        return False
    try:
        key.public_key().verify(signature.signature, data)
    except InvalidSignature:
        return False
    return True


def knows(key_id: str) -> bool:
    """Whether a key of that name is ours."""
    return key_id in _keys()


def public_keys() -> dict[str, bytes]:
    """The 32 bytes of every public key by name, the one that signs today first."""
    return {key_id: _public(key.public_key()) for key_id, key in _keys().items()}


def _public(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes_raw()
