"""What an officer signs: everything of the recertification in one text, the same bytes whenever it is made again."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from portal.compliance.recertification.models import Recertification, RecertificationLine
from portal.compliance.seals import signing
from portal.compliance.seals.signing import Signature

WHAT = "portal: access recertification, version 1"
COLUMNS = (
    "user_id", "name", "email", "role", "account_id", "account", "npn", "state", "last_sign_in_at", "has_factor",
    "decision", "decided_at", "decided_by", "decided_name", "note",
)  # fmt: skip
README = """A signed access recertification.

statement.json  every user with their role, and who confirmed or withdrew their access when
signature.bin   an Ed25519 signature of exactly the bytes of statement.json
public-key.pem  the key that verifies it; compare it with the one on the portal's page Seal

To verify with OpenSSL 3:

  openssl pkeyutl -verify -rawin -pubin -inkey public-key.pem -in statement.json -sigfile signature.bin
"""


def made_of(
    found: Recertification, lines: Sequence[RecertificationLine], *, signed_at: datetime, by: tuple[object, str]
) -> str:
    """The text, as signed at that moment by the officer `by` (id, name)."""
    told = {
        "what": WHAT,
        "fmo_id": str(found.fmo_id),
        "quarter": found.quarter,
        "begun_at": _plain(found.begun_at),
        "begun_by": str(found.begun_by),
        "begun_name": found.begun_name,
        "signed_at": _plain(signed_at),
        "signed_by": str(by[0]),
        "signed_name": by[1],
        "roles": found.roles,
        "users": [{name: _plain(getattr(line, name)) for name in COLUMNS} for line in lines],
    }
    return json.dumps(told, ensure_ascii=False, sort_keys=True, indent=1) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return value if value is None or isinstance(value, bool) else str(value)


def holds(found: Recertification, lines: Sequence[RecertificationLine]) -> bool:
    """Whether what was signed is what stands in the lines today, and a key of ours signed it."""
    if found.signed_at is None or found.statement is None or found.signature is None or found.key_id is None:
        return False
    again = made_of(found, lines, signed_at=found.signed_at, by=(found.signed_by, found.signed_name or ""))
    return again == found.statement and signing.verifies(
        found.statement.encode(), Signature(found.key_id, found.signature)
    )


def pack(found: Recertification) -> bytes:
    """A ZIP with the statement, its signature and the key, to be verified without the portal."""
    assert found.statement is not None and found.signature is not None and found.key_id is not None
    file = io.BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as made:
        made.writestr("statement.json", found.statement)
        made.writestr("signature.bin", found.signature)
        if key := signing.public_keys().get(found.key_id):
            public = Ed25519PublicKey.from_public_bytes(key)
            made.writestr("public-key.pem", public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        made.writestr("README.txt", README)
    return file.getvalue()


def digest(found: Recertification) -> str | None:
    """The SHA-256 of what was signed, to be compared by eye."""
    return hashlib.sha256(found.statement.encode()).hexdigest() if found.statement is not None else None
