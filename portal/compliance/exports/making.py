"""Making a file: one snapshot of the log, read along a cursor, encrypted piece by piece.

The job may be killed at any time and is then sent again: it begins anew, since a snapshot cannot be taken up again.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from portal.compliance import export, subjects
from portal.compliance import queries as log
from portal.compliance.asked import LogAsked
from portal.compliance.exports import events, queries
from portal.compliance.exports.models import CANCELLED, FAILED, FIELD, QUEUED, READY, RUNNING, LogFile, LogFilePiece
from portal.compliance.models import AccessEntry
from portal.compliance.seals import statements
from portal.core import access, clock, crypto
from portal.core.csv_file import MARK, csv_lines
from portal.core.models import table_of
from portal.core.scope import Login, Role, Scope, acting
from portal.core.session import TenantSession, open_session
from portal.extensions import db

AT_ONCE = 1000  # entries in memory
PIECE = 1024 * 1024  # bytes before compression
TELL_EVERY = 1.0
# A worker that was killed in a long statement holds its file until the server sees it, which takes up to ten seconds:
# whoever gave up sooner would leave the file to nobody.
DEAD_AFTER = "20s"
BY_JOB = "Portal jobs"


class _Cancelled(Exception):
    """Somebody cancelled it, or another worker is at it."""


def write(fmo_id: UUID, file_id: UUID) -> None:
    """Make one file, as asked for, in the name of who asked; one that is over stays as it is."""
    with open_session(Scope(login=Login.COMPLIANCE, role=Role.SYSTEM, fmo_id=fmo_id, actor_name=BY_JOB)) as session:
        file = session.scalar(select(LogFile).where(LogFile.id == file_id, LogFile.state.in_((QUEUED, RUNNING))))
    if file is None:
        return
    officer = Scope(
        login=Login.COMPLIANCE, role=Role.COMPLIANCE, fmo_id=fmo_id, actor_id=file.asked_by, actor_name=file.asked_name,
        run_id=file_id,
    )  # fmt: skip
    with acting(officer):
        try:
            _Making(file, officer).run()
        except _Cancelled:
            _drop(officer, file_id)
        except Exception:
            _keep(officer, file_id, state=FAILED, ended_at=clock.now())
            _drop(officer, file_id)
            raise
        finally:
            db.session.remove()


def _keep(scope: Scope, file_id: UUID, **values: object) -> bool:
    """Note how far a file is; False where it is wanted no more."""
    table = table_of(LogFile)
    wanted = (table.c.id == file_id, table.c.state.in_((QUEUED, RUNNING)))
    with open_session(scope) as session:
        found = session.execute(update(table).where(*wanted).values(beat_at=func.now(), **values))
        return bool(found.rowcount)  # type: ignore[attr-defined]  # an update has one


def _drop(scope: Scope, file_id: UUID) -> None:
    """Delete what was written of a file that is wanted no more; another worker's stays."""
    over = select(LogFile.id).where(LogFile.id == file_id, LogFile.state.in_((CANCELLED, FAILED)))
    with open_session(scope) as session:
        mine = delete(LogFilePiece).where(LogFilePiece.file_id.in_(over))
        session.execute(mine.execution_options(synchronize_session=False))


def _set(session: Session, **settings: str) -> None:
    """For the rest of the transaction."""
    for name, value in settings.items():
        session.execute(select(func.set_config(name, value, True)))


@dataclass(slots=True)
class _Making:
    """One file under way."""

    file: LogFile
    scope: Scope
    done: int = 0
    size: int = 0
    pieces: int = 0
    names: dict[UUID, str] = field(default_factory=dict)
    told: float = 0.0
    held: list[str] = field(default_factory=list)
    held_size: int = 0

    def run(self) -> None:
        asked = LogAsked(queries.PATH, self.file.filters)
        query, words = log.matching(asked), queries.in_words(asked)
        db.session.rollback()  # nothing is left open beside the snapshot
        with open_session(self.scope) as session:
            statements.one_snapshot(session)
            self._alone(session)
            total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
            self._begin(total)
            self._add(MARK + csv_lines(self._head(words, total)))
            order = (AccessEntry.at.desc(), AccessEntry.id.desc())
            with closing(session.scalars(query.order_by(*order).execution_options(yield_per=AT_ONCE))) as found:
                for entries in found.partitions(AT_ONCE):
                    self._entries(entries)
        self._put()
        self._end(asked)

    def _alone(self, session: Session) -> None:
        before = session.scalar(select(func.current_setting("lock_timeout")))
        _set(session, statement_timeout="0", lock_timeout=DEAD_AFTER)
        key = func.hashtextextended(f"portal.log_file:{self.file.id}", 0)
        try:
            session.execute(select(func.pg_advisory_xact_lock(key)))
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", "") != "55P03":  # the lock was not to be had
                raise
            raise _Cancelled from error
        _set(session, lock_timeout=str(before))

    def _begin(self, total: int) -> None:
        """What a worker that was killed has left goes."""
        if not _keep(self.scope, self.file.id, state=RUNNING, total=total, done=0, pieces=0, size=0):
            raise _Cancelled
        with open_session(self.scope) as session:
            session.execute(delete(LogFilePiece).where(LogFilePiece.file_id == self.file.id))

    def _head(self, words: list[str], total: int) -> list[Sequence[str]]:
        return [
            ["Access log", "every entry that matches, the newest first"],
            ["Filters", "; ".join(words) or "None: the whole log"],
            ["As of", clock.now().isoformat(timespec="seconds")],
            ["Made for", self.file.asked_name],
            ["Entries", str(total)],
            [],
            export.COLUMNS,
        ]

    def _entries(self, entries: Any) -> None:
        unknown = {entry.business_id for entry in entries if entry.business_id} - self.names.keys()
        if unknown:
            self.names |= dict.fromkeys(unknown, "") | subjects.names("business", unknown)
            db.session.rollback()
        rows = [export.cells(entry, self.names) for entry in entries]
        self._add(csv_lines(rows))
        self.done += len(rows)
        if time.monotonic() - self.told > TELL_EVERY:
            self.told = time.monotonic()
            if not _keep(self.scope, self.file.id, done=self.done):
                raise _Cancelled

    def _add(self, written: str) -> None:
        self.held.append(written)
        self.held_size += len(written)
        if self.held_size >= PIECE:
            self._put()

    def _put(self) -> None:
        data = "".join(self.held).encode()
        if not data:
            return
        fmo_id = self.file.fmo_id
        body = crypto.encrypt_bytes(zlib.compress(data), fmo_id=fmo_id, field=FIELD)
        with open_session(self.scope) as session:
            session.add(LogFilePiece(fmo_id=fmo_id, file_id=self.file.id, piece=self.pieces, body=body))
        self.held.clear()
        self.held_size, self.pieces, self.size = 0, self.pieces + 1, self.size + len(data)

    def _end(self, asked: LogAsked) -> None:
        member = asked.id("member")
        with open_session(self.scope) as session:
            self._log(session, asked, {member} if member else None)
            table = table_of(LogFile)
            over = {
                "state": READY,
                "ended_at": clock.now(),
                "done": self.done,
                "pieces": self.pieces,
                "size": self.size,
            }
            mine = (table.c.id == self.file.id, table.c.state == RUNNING)
            if not session.execute(update(table).where(*mine).values(**over)).rowcount:  # type: ignore[attr-defined]
                raise _Cancelled

    def _log(self, session: TenantSession, asked: LogAsked, members: set[UUID] | None) -> None:
        access.record(
            events.MADE, kind="log_file", ids=[self.file.id], members=members, session=session,
            filters=sorted(asked.args), count=self.done,
        )  # fmt: skip
        access.write_entries(session)
