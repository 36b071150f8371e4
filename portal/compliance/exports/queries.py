"""Files of the log as the page lists them, and their bytes."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from flask import Flask
from sqlalchemy import func, select

from portal.compliance import queries as log
from portal.compliance.asked import LogAsked
from portal.compliance.exports.models import FIELD, QUEUED, READY, RUNNING, LogFile, LogFilePiece
from portal.core import clock, crypto, scope
from portal.core.scope import Scope
from portal.core.session import open_session
from portal.extensions import db

KEPT = timedelta(days=7)
DEAD = timedelta(minutes=10)  # without a beat: its job is lost, or begins anew
PATH = "/compliance/access"


@dataclass(frozen=True, slots=True)
class Shown:
    """A file, its filters in words, and whether it stands still."""

    row: LogFile
    filters: list[str]
    href: str
    stuck: bool
    member: UUID | None  # whom the filters name


def files() -> list[Shown]:
    """Every file that is kept, the newest first."""
    rows = db.session.scalars(select(LogFile).order_by(LogFile.asked_at.desc(), LogFile.id.desc())).all()
    return [shown(row) for row in rows]


def shown(row: LogFile) -> Shown:
    """One file for the page."""
    asked = LogAsked(PATH, row.filters)
    stuck = row.state in (QUEUED, RUNNING) and row.beat_at < clock.now() - DEAD
    return Shown(row, in_words(asked), asked.href(), stuck, asked.id("member"))


def in_words(asked: LogAsked) -> list[str]:
    """ "Outcome: Refused" and so on, for each filter."""
    return [f"{chip.label}: {chip.value_text}" for chip in log.chips(asked)]


def under_way() -> Sequence[LogFile]:
    """Files that are waited for, those that stand still left aside."""
    living = (LogFile.state.in_((QUEUED, RUNNING)), LogFile.beat_at > clock.now() - DEAD)
    return db.session.scalars(select(LogFile).where(*living)).all()


def own_under_way() -> list[Shown]:
    """Files that the person at work asked for and that are being made."""
    me = scope.current().actor_id
    return [shown(row) for row in under_way() if row.asked_by == me]


def waiting() -> int:
    """How many files are ready that the person at work asked for and did not download yet."""
    mine = (LogFile.asked_by == scope.current().actor_id, LogFile.state == READY, LogFile.taken_at.is_(None))
    return db.session.scalar(select(func.count()).select_from(LogFile).where(*mine)) or 0


def bytes_of(file_id: UUID, pieces: int, by: Scope, app: Flask) -> Iterator[bytes]:
    """The file's bytes, each piece read in a transaction of its own: the answer may take as long as the line does."""
    for number in range(pieces):
        with app.app_context(), open_session(by) as session:
            mine = (LogFilePiece.file_id == file_id, LogFilePiece.piece == number)
            body = session.scalars(select(LogFilePiece.body).where(*mine)).one()
        assert by.fmo_id is not None
        yield zlib.decompress(crypto.decrypt_bytes(body, fmo_id=by.fmo_id, field=FIELD))
