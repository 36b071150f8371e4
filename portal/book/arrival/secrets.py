"""Whether what somebody pasted is a private key that can be used: said before it is kept, without a part of it."""

from __future__ import annotations

import base64
import binascii
import struct

from portal.book.arrival.signing_in import readable_key

MOST_ROUNDS = 256  # of the key's derivation: more would keep a process busy for minutes
_BEGINS, _ENDS = "-----BEGIN OPENSSH PRIVATE KEY-----", "-----END OPENSSH PRIVATE KEY-----"
_MAGIC = b"openssh-key-v1\0"


def wrong_with(text: str, passphrase: str | None) -> str | None:
    """Why the key cannot be used, or None where it can."""
    if _rounds(text) > MOST_ROUNDS:
        return f"This key’s passphrase is stretched over more than {MOST_ROUNDS} rounds. Save it again with fewer."
    if "PUBLIC KEY" in text or text.startswith(("ssh-", "ecdsa-")):
        return "This is the public half. Paste the private key; give the public one to the carrier."
    if readable_key(text, passphrase) is not None:
        return None
    if "ENCRYPTED" in text or _rounds(text):
        return "The key cannot be opened with this passphrase."
    return "This is no private key that can be read. Paste all of it, from its BEGIN line to its END line."


def _rounds(text: str) -> int:
    """How often the passphrase of an OpenSSH key is stretched; 0 where it has none, or is another kind of key."""
    body = text.partition(_BEGINS)[2].partition(_ENDS)[0]
    try:
        key = base64.b64decode("".join(body.split()), validate=True)
        if not key.startswith(_MAGIC):
            return 0
        _, rest = _text(key[len(_MAGIC) :])
        _, rest = _text(rest)
        options, _ = _text(rest)
        if not options:
            return 0
        _, rest = _text(options)
        return int(struct.unpack(">I", rest[:4])[0])
    except (binascii.Error, struct.error):
        return 0


def _text(data: bytes) -> tuple[bytes, bytes]:
    (size,) = struct.unpack(">I", data[:4])
    return data[4 : 4 + size], data[4 + size :]
