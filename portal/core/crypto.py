"""Field encryption and keyed hashes, with keys from outside the database.

Ciphertext: key id, "." and base64 of nonce + AES-256-GCM. It is bound to the FMO and the field, not to the row, so that
a set-based copy inside one FMO stays readable.

A column that holds ciphertext says so where it is declared: `mapped_column(info=sealed("mbi"))`. By that alone its
values are found when the keys are rotated.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from portal.config import load_settings


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a column says of the ciphertext in it: its field, and whether it stands inside a JSON value."""

    field: str
    inside: bool = False


def sealed(field: str, *, inside: bool = False) -> dict[str, Any]:
    """The `info` of a column whose values are ciphertext of `field`, or JSON in which such stand (`inside`)."""
    return {"sealed": Sealed(field, inside)}


class Unreadable(Exception):
    """A stored value cannot be decrypted: the key is missing, or it belongs to another FMO or field."""


@lru_cache(maxsize=8)
def _keys() -> dict[str, bytes]:
    return dict(load_settings().field_keys)


@lru_cache(maxsize=64)
def _cipher(key_id: str) -> AESGCM:
    try:
        return AESGCM(_keys()[key_id])
    except KeyError as error:
        raise Unreadable(f"The field key {key_id} is not among FIELD_KEYS.") from error


def first_key() -> str:
    """The id of the key that encrypts."""
    return next(iter(_keys()))


def hash_key() -> str:
    """The id of the key that keys the hashes."""
    return list(_keys())[-1]


def proofs() -> dict[str, str]:
    """Key id → what tells one key from another of the same name, and nothing about it."""
    return {name: hmac.digest(key, b"proof of this key", hashlib.sha256).hex() for name, key in _keys().items()}


def encrypt(text: str, *, fmo_id: UUID, field: str) -> str:
    """Ciphertext of `text` under the first field key."""
    return encrypt_bytes(text.encode(), fmo_id=fmo_id, field=field)


def encrypt_bytes(data: bytes, *, fmo_id: UUID, field: str) -> str:
    """Ciphertext of `data` under the first field key."""
    return _seal(os.urandom(12), data, _binding(fmo_id, field))


def renew(stored: str, *, fmo_id: UUID, field: str) -> str:
    """The same content under the first field key; as it is where it is so already. Raises `Unreadable`.

    Equal ciphertexts stay equal: what copies of it are compared by is not disturbed.
    """
    if stored.startswith(f"{first_key()}."):
        return stored
    data = decrypt_bytes(stored, fmo_id=fmo_id, field=field)
    # One nonce for each former ciphertext, never for two contents: the former was of one content only.
    nonce = hmac.digest(_keys()[first_key()], b"renew:" + _binding(fmo_id, field) + stored.encode(), hashlib.sha256)[
        :12
    ]
    return _seal(nonce, data, _binding(fmo_id, field))


def _seal(nonce: bytes, data: bytes, binding: bytes) -> str:
    key_id = first_key()
    return f"{key_id}.{base64.b64encode(nonce + _cipher(key_id).encrypt(nonce, data, binding)).decode()}"


def decrypt(stored: str, *, fmo_id: UUID, field: str) -> str:
    """The text behind `stored`; raises `Unreadable`."""
    return decrypt_bytes(stored, fmo_id=fmo_id, field=field).decode()


def decrypt_bytes(stored: str, *, fmo_id: UUID, field: str) -> bytes:
    """The bytes behind `stored`; raises `Unreadable`."""
    key_id, _, body = stored.partition(".")
    sealed = base64.b64decode(body)
    try:
        return _cipher(key_id).decrypt(sealed[:12], sealed[12:], _binding(fmo_id, field))
    except InvalidTag as error:
        raise Unreadable("The stored value does not belong to this FMO and field.") from error


def _binding(fmo_id: UUID, field: str) -> bytes:
    return fmo_id.bytes + field.encode()


@lru_cache(maxsize=256)
def _hash_key(fmo_id: UUID, field: str) -> bytes:
    oldest = list(_keys().values())[-1]  # the last key stays when newer ones are put in front: hashes stay comparable
    return hmac.digest(oldest, b"hash:" + _binding(fmo_id, field), hashlib.sha256)


def keyed_hash(text: str, *, fmo_id: UUID, field: str) -> str:
    """A hash for exact match inside one FMO and field (hex, 64 characters); useless without the field keys."""
    return hmac.digest(_hash_key(fmo_id, field), text.encode(), hashlib.sha256).hex()
