"""A folder on an SFTP server. The server is only talked to if it proves to hold the key that was confirmed.

What it says is not believed: names are judged elsewhere, sizes bound what is read, every answer has its time.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import asyncssh

from portal.book.arrival import signing_in
from portal.book.arrival.places import MOST_ENTRIES, Entry, FileChanged, Found, LookFailed
from portal.book.arrival.signing_in import Login, answered, signed_in

WHOLE_LOOK = 1800.0  # and everything together
PIECE = 256 * 1024
KEPT_EVERY = 8 * 1024 * 1024
_PLAIN = (asyncssh.FILEXFER_TYPE_REGULAR, asyncssh.FILEXFER_TYPE_UNKNOWN)
Answer = TypeVar("Answer")


class SftpFolder:
    """One folder on a server, for the length of a look."""

    def __init__(self, loop: asyncio.Runner, sftp: asyncssh.SFTPClient, folder: str, partials: Path) -> None:
        self._loop, self._sftp, self._folder, self._partials = loop, sftp, folder or ".", partials
        self._ends = time.monotonic() + WHOLE_LOOK
        self.fetched = 0  # bytes that came over the line
        self.afterwards, self.move_to = "leave", ""

    def entries(self) -> Found:
        """What stands there; links are told as such."""
        try:
            return self._ask(self._list, 2 * signing_in.ANSWER)
        except asyncssh.SFTPError as error:
            raise LookFailed("The folder is not there, or the login may not list it.") from error

    async def _list(self) -> Found:
        held: list[Entry] = []
        async for one in self._sftp.scandir(self._folder):
            if len(held) == MOST_ENTRIES:
                return Found(held, cut=True)
            if one.filename not in (".", ".."):
                held.append(_entry(str(one.filename), one.attrs))
        return Found(held)

    @contextmanager
    def open(self, entry: Entry) -> Iterator[BinaryIO]:
        """The file, fetched into a private one: what came before the connection was cut is not fetched again."""
        partial = self._partial(entry)
        try:
            self._fetch(entry, partial)
        except asyncssh.SFTPError as error:
            raise FileChanged from error
        except FileChanged:
            partial.unlink(missing_ok=True)
            raise
        except LookFailed as cut:
            here = partial.stat().st_size if partial.exists() else 0
            told = f"{cut} {_megabytes(here)} of {_megabytes(entry.size)} of {entry.name} are here"
            raise LookFailed(f"{told}; the rest is fetched at the next try.") from cut
        with partial.open("rb") as file:
            yield file
        partial.unlink(missing_ok=True)

    def _fetch(self, entry: Entry, partial: Path) -> None:
        self._same(entry)
        remote = self._ask(lambda: self._sftp.open(self._path(entry.name), "rb"))
        held = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(held, "r+b") as file:
            at = file.seek(0, os.SEEK_END)
            if at > entry.size:
                at = file.seek(0)
                file.truncate()
            kept = at
            while at < entry.size:
                piece = self._ask(_reading(remote, min(PIECE, entry.size - at), at))
                if not piece:
                    raise FileChanged
                at += file.write(piece)
                self.fetched += len(piece)
                if at - kept >= KEPT_EVERY:
                    file.flush()
                    os.fsync(held)
                    kept = at
        self._ask(remote.close)
        self._same(entry)

    def _same(self, entry: Entry) -> None:
        now = _entry(entry.name, self._ask(lambda: self._sftp.lstat(self._path(entry.name))))
        if now != entry:
            raise FileChanged

    def put_away(self, entry: Entry, shelf: str, kept_as: str) -> str | None:
        """Leave it, move it or delete it, as the source says; what cannot be taken is left in any case."""
        if self.afterwards == "leave" or shelf == "refused":
            return None
        try:
            self._same(entry)
            if self.afterwards == "delete":
                self._ask(lambda: self._sftp.remove(self._path(entry.name)))
                return "gone"
            to = self.move_to.rstrip("/")
            self._ask(lambda: self._sftp.rename(self._path(entry.name), f"{to}/{kept_as}"))
        except asyncssh.SFTPNoSuchFile:
            return "gone"
        except asyncssh.SFTPError as error:
            verb = "deleted" if self.afterwards == "delete" else f"moved to {self.move_to}"
            sentence = f"{entry.name} was taken and cannot be {verb}: the server does not allow it."
            raise LookFailed(f"{sentence} It is not loaded again.") from error
        return "done"

    def forget_all_but(self, entries: Sequence[Entry]) -> None:
        """Remove what was fetched in part of files that are no longer waited for."""
        wanted = {self._partial(entry) for entry in entries}
        for path in self._partials.glob("*.part"):
            if path not in wanted:
                path.unlink(missing_ok=True)

    def _partial(self, entry: Entry) -> Path:
        told = f"{self._folder}\0{entry.name}\0{entry.size}\0{entry.modified}"
        return self._partials / f"{hashlib.sha256(told.encode()).hexdigest()}.part"

    def _path(self, name: str) -> str:
        return f"{self._folder.rstrip('/') or ''}/{name}"

    def _ask(self, ask: Callable[[], Awaitable[Answer]], seconds: float | None = None) -> Answer:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise LookFailed("The server is so slow that half an hour was not enough.")
        return answered(self._loop, ask, min(seconds or signing_in.ANSWER, left))


def _reading(remote: Any, size: int, offset: int) -> Callable[[], Awaitable[bytes]]:
    async def read() -> bytes:
        return bytes((await remote.read(size, offset))[:size])  # whatever the server sends, no more than was asked for

    return read


def _entry(name: str, found: asyncssh.SFTPAttrs) -> Entry:
    told = found.size is not None and found.mtime is not None
    return Entry(name, found.size or 0, int(found.mtime or 0), told and found.type in _PLAIN)


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:,.1f} MB"


@contextmanager
def sftp_folder(login: Login, folder: str, partials: Path, *, private: bool) -> Iterator[SftpFolder]:
    """The folder, signed in; raises `LookFailed`, and `KeyChanged` before anything secret is sent."""
    partials.mkdir(0o700, parents=True, exist_ok=True)
    with asyncio.Runner() as loop:
        connection = signed_in(loop, login, private)
        try:
            yield SftpFolder(loop, _started(loop, connection), folder, partials)
        finally:
            connection.abort()
            with suppress(LookFailed):
                answered(loop, connection.wait_closed, 5)


def _started(loop: asyncio.Runner, connection: asyncssh.SSHClientConnection) -> asyncssh.SFTPClient:
    try:
        return answered(loop, lambda: connection.start_sftp_client(path_errors="surrogateescape"), signing_in.ANSWER)
    except asyncssh.SFTPError as error:
        raise LookFailed("The server lets us in and offers no SFTP.") from error
