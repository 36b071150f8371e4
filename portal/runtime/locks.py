"""Who owns the embedded servers of a data folder: one process starts and stops them, others may use them meanwhile.

The locks are held by open files, so that the kernel frees them however their holder dies.
"""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from portal.runtime.errors import StartError

_WAIT_SECONDS = 120.0


class DataInUseError(StartError):
    """Another process owns the data folder; the text says which."""


@contextmanager
def owning(data: Path, **note: Any) -> Iterator[None]:
    """Own the servers of `data` as the running portal; raises DataInUseError when another portal does.

    A command that has started the servers for itself is waited for. `note` is told to whoever is refused.
    """
    deadline = time.monotonic() + _WAIT_SECONDS
    while (lock := _try(data)) is None:
        holder = _note(data)
        if "port" in holder or time.monotonic() > deadline:
            raise DataInUseError(_refusal(data, holder))
        time.sleep(0.2)
    try:
        _write_note(lock, note)
        yield
    finally:
        os.close(lock)


@contextmanager
def using(data: Path, answering: Callable[[], bool]) -> Iterator[bool]:
    """Use the servers of `data`: yields True when the caller must start and stop them, False when they are there."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < deadline:
        if (lock := _try(data)) is not None:
            try:
                _write_note(lock, {})
                yield True
            finally:
                os.close(lock)
            return
        with _users(data, fcntl.LOCK_SH):
            if answering():
                yield False
                return
        time.sleep(0.2)
    raise DataInUseError(_refusal(data, _note(data)))


@contextmanager
def without_users(data: Path) -> Iterator[None]:
    """Wait until no other process uses the servers, and let none begin meanwhile."""
    with _users(data, fcntl.LOCK_EX):
        yield


@contextmanager
def _users(data: Path, kind: int) -> Iterator[None]:
    descriptor = _open(data / ".servers.users")
    try:
        fcntl.flock(descriptor, kind)
        yield
    finally:
        os.close(descriptor)


def _try(data: Path) -> int | None:
    descriptor = _open(data / ".servers.owner")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _open(path: Path) -> int:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def _write_note(lock: int, note: dict[str, Any]) -> None:
    os.ftruncate(lock, 0)
    os.pwrite(lock, json.dumps({"pid": os.getpid(), **note}).encode(), 0)


def _note(data: Path) -> dict[str, Any]:
    try:
        note = json.loads((data / ".servers.owner").read_text())
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def _refusal(data: Path, holder: dict[str, Any]) -> str:
    process = f"process {holder['pid']}" if "pid" in holder else "another process"
    address = f" at http://127.0.0.1:{holder['port']}" if "port" in holder else ""
    return (
        f"The portal already runs on {data}{address} ({process}). Nothing was started. "
        "Stop that one first, or set PORTAL_DATA and PORT to others to run a second one beside it."
    )
