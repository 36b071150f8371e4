"""The file of an archived month: compressed, encrypted, and of any length in the memory of a few pieces.

First a line in clear that says what it is, which key and which salt; then pieces, each its length and AES-256-GCM
ciphertext under a key made for this file alone. The nonce counts the pieces and marks the last, so that pieces can
neither be exchanged nor cut off. The key comes from the last of FIELD_KEYS, the one that never goes: the file must be
readable after years in which field keys were rotated.
"""

from __future__ import annotations

import fcntl
import json
import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from portal.config import load_settings

KIND = b"portal log archive 1"
_PURPOSE = b"portal: key of an archive of the log"
_PIECE = 256 * 1024
_TAG = 16
_LONGEST_HEAD = 200
_MOST_AT_ONCE = 1024 * 1024
_GZIP = 31  # zlib's number for gzip with its checksum
_DAMAGED = "The file was changed, damaged or cut off."


class Unreadable(Exception):
    """The file is none of ours, was changed, or needs a key that is not among FIELD_KEYS."""


@contextmanager
def alone() -> Iterator[None]:
    """Wait until nobody else archives into the folder, and keep others out for the length of the block."""
    folder = load_settings().archive
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write(path: Path, told: Iterable[dict[str, Any]]) -> None:
    """Write one JSON object a line, and have the file on the disk under its name only once it is whole."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            _fill(file, told)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _fill(file: IO[bytes], told: Iterable[dict[str, Any]]) -> None:
    sealed, packer = _Writer(file), zlib.compressobj(wbits=_GZIP)
    for one in told:
        sealed.add(packer.compress(json.dumps(one, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"))
    sealed.add(packer.flush())
    sealed.end()
    file.flush()
    os.fsync(file.fileno())


def read(path: Path) -> Iterator[Any]:
    """The objects of a file in their order; raises `Unreadable`."""
    held = b""
    try:
        for plain in _unpacked(path):
            *lines, held = (held + plain).split(b"\n")
            yield from map(json.loads, lines)
    except (zlib.error, ValueError) as error:  # whatever stands there is no line of ours
        raise Unreadable(_DAMAGED) from error
    if held:
        raise Unreadable(_DAMAGED)


def _unpacked(path: Path) -> Iterator[bytes]:
    packer = zlib.decompressobj(wbits=_GZIP)
    with path.open("rb") as file:
        for piece in _pieces(file):
            yield packer.decompress(piece, _MOST_AT_ONCE)
            while packer.unconsumed_tail:
                yield packer.decompress(packer.unconsumed_tail, _MOST_AT_ONCE)
    yield packer.flush()
    if not packer.eof:
        raise Unreadable(_DAMAGED)


def _cipher(key_id: str, salt: bytes) -> AESGCM:
    secret = dict(load_settings().field_keys).get(key_id)
    if secret is None:
        raise Unreadable(f"The file needs the field key {key_id}, which is not among FIELD_KEYS.")
    return AESGCM(HKDF(hashes.SHA256(), 32, salt=salt, info=_PURPOSE).derive(secret))


def _nonce(number: int, *, last: bool) -> bytes:
    return struct.pack(">IQ", last, number)


class _Writer:
    """What is written comes into the file in encrypted pieces."""

    def __init__(self, file: IO[bytes]) -> None:
        key_id, salt = load_settings().field_keys[-1][0], os.urandom(16)
        self._head = b" ".join((KIND, key_id.encode(), salt.hex().encode())) + b"\n"
        self._cipher = _cipher(key_id, salt)
        self._file, self._held, self._number = file, bytearray(), 0
        file.write(self._head)

    def add(self, data: bytes) -> None:
        """Take `data`; what makes a piece goes on."""
        self._held += data
        while len(self._held) > _PIECE:  # one is always held back: it may be the last
            self._put(bytes(self._held[:_PIECE]), last=False)
            del self._held[:_PIECE]

    def end(self) -> None:
        """Write the last piece."""
        self._put(bytes(self._held), last=True)

    def _put(self, data: bytes, *, last: bool) -> None:
        sealed = self._cipher.encrypt(_nonce(self._number, last=last), data, self._head)
        self._file.write(struct.pack(">I", len(sealed)) + sealed)
        self._number += 1


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    """What stands in the pieces of a file, one after another."""
    head = file.readline(_LONGEST_HEAD)
    if not head.startswith(KIND + b" ") or not head.endswith(b"\n"):
        raise Unreadable("The file is no archive of a log.")
    try:
        key_id, salt = head.removeprefix(KIND).decode().split()
        bytes.fromhex(salt)
    except ValueError as error:
        raise Unreadable(_DAMAGED) from error
    cipher, number, length = _cipher(key_id, bytes.fromhex(salt)), 0, file.read(4)
    while length:
        sealed = file.read(min(int.from_bytes(length, "big"), _PIECE + _TAG))
        length = file.read(4)
        try:
            yield cipher.decrypt(_nonce(number, last=not length), sealed, head)
        except (InvalidTag, ValueError) as error:
            raise Unreadable(_DAMAGED) from error
        number += 1
