"""What a seal says, byte for byte: its statement, that one's hash and signature, and the link to the seal before."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

from portal.compliance.seals import signing
from portal.compliance.seals.signing import Signature

VERSION = 1
BEGIN = bytes(32)  # what the first seal names as the hash before it


@dataclass(frozen=True, slots=True)
class Link:
    """One seal; the fields are the columns of the table."""

    chain: UUID
    n: int
    sealed_at: datetime
    count: int
    first_at: datetime
    last_at: datetime
    complete: bool
    root: bytes
    previous: bytes
    key_id: str = ""
    signature: bytes = b""
    hash: bytes = b""
    version: int = VERSION


def statement(link: Link) -> bytes:
    """What is hashed and signed."""
    told = {
        "seal": link.version,
        "chain": str(link.chain),
        "n": link.n,
        "sealed_at": moment(link.sealed_at),
        "count": link.count,
        "first_at": moment(link.first_at),
        "last_at": moment(link.last_at),
        "complete": link.complete,
        "root": link.root.hex(),
        "previous": link.previous.hex(),
        "key": link.key_id,
    }
    return json.dumps(told, separators=(",", ":"), sort_keys=True).encode()


def moment(at: datetime) -> str:
    """A time as statements and lines spell it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def hash_of(link: Link) -> bytes:
    """The hash that the next seal names."""
    return sha256(statement(link)).digest()


def signed(link: Link) -> Link:
    """`link` with today's key, its signature and its hash."""
    named = replace(link, key_id=next(iter(signing.public_keys())))
    made = signing.sign(statement(named))
    return replace(named, signature=made.signature, hash=hash_of(named))


def is_signed(link: Link) -> bool:
    """Whether a key of ours signed what `link` says."""
    return signing.verifies(statement(link), Signature(link.key_id, link.signature))
