"""A look in steps: each is a short transaction, so that none stands open while a server is waited for."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from portal.config import load_settings
from portal.core import access
from portal.extensions import db


class Overtaken(Exception):
    """Another worker has taken the look, or it is over; this one must leave nothing more."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a look needs to know of its source, apart from the session that read it."""

    look_id: UUID
    fence: int
    what: str
    source_id: UUID
    connector: str
    kind: str
    slug: str
    folder: str
    pattern: str
    host: str
    afterwards: str
    move_to: str

    @property
    def shown(self) -> str:
        """Where the files come from, in a few words."""
        return f"SFTP {self.host}" if self.kind == "sftp" else "watched folder"


@contextmanager
def step() -> Iterator[None]:
    """One step: what the block changes is committed with its log entries, or nothing of it."""
    try:
        yield
        access.write_entries()
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise


def private_folder(source_id: UUID) -> Path:
    """Where files of a source are kept while they are fetched; only this user may enter it."""
    path = load_settings().data / "arrival" / str(source_id)
    path.mkdir(0o700, parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    return path


@contextmanager
def alone(source_id: UUID) -> Iterator[bool]:
    """Whether nobody else on this machine looks at the source; held until the block ends, however this process dies."""
    held = os.open(private_folder(source_id) / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(held)
