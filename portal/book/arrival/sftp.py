"""A folder on an SFTP server. The server is only talked to if it proves to hold the key that was confirmed.

What it says is not believed: names are judged elsewhere, sizes bound what is read, every answer has its time.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import asyncssh

from portal.book.arrival.dialling import dial
from portal.book.arrival.places import (
    MOST_ENTRIES,
    Entry,
    FileChanged,
    Found,
    KeyChanged,
    LoginRefused,
    LookFailed,
)

ANSWER = 30.0  # seconds that one answer may take
WHOLE_LOOK = 1800.0  # and everything together
PIECE = 256 * 1024
KEPT_EVERY = 8 * 1024 * 1024
_PLAIN = (asyncssh.FILEXFER_TYPE_REGULAR, asyncssh.FILEXFER_TYPE_UNKNOWN)
CHANGED = (
    "The server shows another key than the one that was confirmed. Either it was set up anew, or somebody stands in"
    " between. Nothing was sent to it and nothing was taken. Ask the carrier for the key’s fingerprint before you"
    " confirm the new one."
)
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, repr=False)
class Login:
    """Where to sign in and how; never printed."""

    host: str
    port: int
    username: str
    host_key: str
    password: str | None = None
    private_key: str | None = None
    passphrase: str | None = None


def fingerprint(host_key: str) -> str:
    """ "SHA256:…" of a public key as OpenSSH writes it."""
    return str(asyncssh.import_public_key(host_key).get_fingerprint())


def readable_key(text: str, passphrase: str | None) -> asyncssh.SSHKey | None:
    """The private key that `text` spells, or None where it or its passphrase is wrong."""
    try:
        return asyncssh.import_private_key(text, passphrase or None)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, ValueError):
        return None


def shown_key(host: str, port: int, *, private: bool) -> str:
    """The key that a host shows, as OpenSSH writes it; nobody signs in. Raises `LookFailed`."""

    async def ask() -> asyncssh.SSHKey | None:
        reached = await dial(host, port, private=private)
        return await asyncssh.get_server_host_key(host, port, sock=reached, config=None)

    with asyncio.Runner() as loop:
        key = _answered(loop, ask, ANSWER + 15)
    if key is None:
        raise LookFailed(f"{host} shows no key of its own at port {port}.")
    return key.export_public_key("openssh").decode().strip()


def _answered(loop: asyncio.Runner, ask: Callable[[], Awaitable[Answer]], seconds: float) -> Answer:
    """What `ask` gives in time; every way in which a server can misbehave becomes a sentence."""
    try:
        return loop.run(_in_time(ask, seconds))
    except TimeoutError as error:
        raise LookFailed(f"The server did not answer within {seconds:.0f} seconds.") from error
    except asyncssh.HostKeyNotVerifiable as error:
        raise KeyChanged(CHANGED) from error
    except asyncssh.PermissionDenied as error:
        raise LoginRefused("The server refuses the login: user name, password or key are not right.") from error
    except (asyncssh.ConnectionLost, asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection, OSError) as error:
        raise LookFailed("The connection was cut.") from error
    except asyncssh.SFTPError:
        raise  # an answer about one file or folder: who asked knows what it means
    except asyncssh.KeyExchangeFailed as error:
        raise LookFailed("The server and the portal share no way of encrypting that is safe.") from error
    except asyncssh.ChannelOpenError as error:
        raise LookFailed("The server lets us in and offers no SFTP.") from error
    except (asyncssh.Error, ValueError) as error:
        raise LookFailed("The server answered something that cannot be understood.") from error


async def _in_time(ask: Callable[[], Awaitable[Answer]], seconds: float) -> Answer:
    return await asyncio.wait_for(ask(), seconds)


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
            return self._ask(self._list, 2 * ANSWER)
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

    def _ask(self, ask: Callable[[], Awaitable[Answer]], seconds: float = ANSWER) -> Answer:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise LookFailed("The server is so slow that half an hour was not enough.")
        return _answered(self._loop, ask, min(seconds, left))


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
        connection = _signed_in(loop, login, private)
        try:
            yield SftpFolder(loop, _started(loop, connection), folder, partials)
        finally:
            connection.abort()


def _started(loop: asyncio.Runner, connection: asyncssh.SSHClientConnection) -> asyncssh.SFTPClient:
    try:
        return _answered(loop, lambda: connection.start_sftp_client(path_errors="surrogateescape"), ANSWER)
    except asyncssh.SFTPError as error:
        raise LookFailed("The server lets us in and offers no SFTP.") from error


def _signed_in(loop: asyncio.Runner, login: Login, private: bool) -> asyncssh.SSHClientConnection:
    trusted = asyncssh.import_public_key(login.host_key)
    key = readable_key(login.private_key, login.passphrase) if login.private_key else None

    async def sign_in() -> asyncssh.SSHClientConnection:
        reached = await dial(login.host, login.port, private=private)
        # Nothing of whoever runs the portal is offered: no agent, no key file, no settings of theirs.
        return await asyncssh.connect(
            login.host,
            login.port,
            sock=reached,
            config=None,
            known_hosts=([trusted], [], []),
            username=login.username,
            password=login.password,
            client_keys=[key] if key else None,
            agent_path=None,
            preferred_auth="publickey" if key else "password,keyboard-interactive",
            login_timeout=ANSWER,
            keepalive_interval=15,
            keepalive_count_max=3,
        )

    try:
        return _answered(loop, sign_in, ANSWER + 15)
    except KeyChanged:
        raise
    except LookFailed as error:
        if isinstance(error.__cause__, asyncssh.KeyExchangeFailed) and _other_key(login, private):
            raise KeyChanged(CHANGED) from error
        raise


def _other_key(login: Login, private: bool) -> bool:
    """Whether the host shows a key of another kind than the confirmed one: it no longer has that."""
    return shown_key(login.host, login.port, private=private).split()[:2] != login.host_key.split()[:2]
