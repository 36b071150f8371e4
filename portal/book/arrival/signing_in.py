"""Signing in to a server that proves to hold the key that was confirmed, and asking one for its key.

Every answer has its time, and every way in which a server can misbehave becomes a sentence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import asyncssh

from portal.book.arrival.dialling import dial
from portal.book.arrival.places import KeyChanged, LoginRefused, LookFailed

ANSWER = 30.0  # seconds that one answer may take
SIGN_IN = 45.0  # and reaching the server and signing in
CHANGED = (
    "The server shows another key than the one that was confirmed. Either it was set up anew, or somebody stands in"
    " between. Nothing was sent to it and nothing was taken. Ask the carrier for the key’s fingerprint before you"
    " confirm the new one."
)
Answer = TypeVar("Answer")


class CutOff(LookFailed):
    """The server ended the connection, or would not agree on one."""


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


def shown_key(host: str, port: int, *, private: bool, like: asyncssh.SSHKey | None = None) -> str:
    """The key that a host shows, of the kind of `like` if given, as OpenSSH writes it. Nobody signs in.

    Raises `LookFailed`.
    """
    kinds = [str(one, "ascii") for one in like.sig_algorithms] if like else []

    async def ask() -> asyncssh.SSHKey | None:
        reached = await dial(host, port, private=private)
        return await asyncssh.get_server_host_key(
            host, port, sock=reached, config=None, server_host_key_algs=kinds or ()
        )

    with asyncio.Runner() as loop:
        key = answered(loop, ask, SIGN_IN)
    if key is None:
        raise LookFailed(f"{host} shows no key of its own at port {port}.")
    return key.export_public_key("openssh").decode().strip()


def answered(loop: asyncio.Runner, ask: Callable[[], Awaitable[Answer]], seconds: float) -> Answer:
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
        raise CutOff("The connection was cut.") from error
    except asyncssh.SFTPError:
        raise  # an answer about one file or folder: who asked knows what it means
    except asyncssh.KeyExchangeFailed as error:
        raise CutOff("The server and the portal share no way of encrypting that is safe.") from error
    except asyncssh.ChannelOpenError as error:
        raise LookFailed("The server lets us in and offers no SFTP.") from error
    except (asyncssh.Error, ValueError) as error:
        raise CutOff("The server answered something that cannot be understood.") from error


async def _in_time(ask: Callable[[], Awaitable[Answer]], seconds: float) -> Answer:
    return await asyncio.wait_for(ask(), seconds)


def signed_in(loop: asyncio.Runner, login: Login, private: bool) -> asyncssh.SSHClientConnection:
    """A connection; raises `KeyChanged` before anything secret is sent, `LoginRefused` and `LookFailed`."""
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
            login_timeout=SIGN_IN,
            keepalive_interval=15,
            keepalive_count_max=3,
        )

    try:
        return answered(loop, sign_in, SIGN_IN)
    except CutOff as error:
        if _has_no_such_key(login, trusted, private):
            raise KeyChanged(CHANGED) from error
        raise


def _has_no_such_key(login: Login, trusted: asyncssh.SSHKey, private: bool) -> bool:
    """Whether the server shows a key, but none of the kind that was confirmed: it was replaced by another kind."""
    try:
        shown_key(login.host, login.port, private=private)
    except LookFailed:
        return False
    for _ in range(2):  # a line that broke by chance is no reason to cry out
        try:
            shown_key(login.host, login.port, private=private, like=trusted)
        except CutOff:
            continue
        except LookFailed:
            return False
        else:
            return False
    return True
