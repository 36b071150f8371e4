"""Asking for a file of the log, cancelling one, and forgetting what was kept for a week."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select, update

from portal.compliance.asked import LogAsked
from portal.compliance.events import LOG_EXPORT
from portal.compliance.exports import events, queries
from portal.compliance.exports.models import CANCELLED, FAILED, QUEUED, RUNNING, LogFile, LogFilePiece
from portal.compliance.seals.models import INSTALLATION
from portal.compliance.seals.scopes import chains
from portal.core import access, clock, outbox, scope
from portal.core.ids import new_id
from portal.core.scope import Login, Role, Scope
from portal.core.session import open_session
from portal.extensions import db

MOST_AT_ONCE = 3
GIVEN_UP = timedelta(days=1)
JOB = "write_log_file"


def order(asked: LogAsked, *, by: Scope) -> bool:
    """Have a file made of every entry that matches; False where as many as may be are waited for already.

    One of the same filters that is under way is enough.
    """
    living = queries.under_way()
    if any(one.filters == dict(asked.args) and one.asked_by == by.actor_id for one in living):
        return True
    if len(living) >= MOST_AT_ONCE:
        return False
    assert by.actor_id is not None
    made = LogFile(
        fmo_id=scope.fmo_id(), id=new_id(), asked_by=by.actor_id, asked_name=by.actor_name, filters=dict(asked.args)
    )
    db.session.add(made)
    db.session.flush()
    outbox.send_after_commit(JOB, made.id)
    access.record(events.ORDERED, kind="log_file", ids=[made.id], filters=sorted(asked.args))
    return True


def cancel(file: LogFile) -> bool:
    """End the making of a file, or delete a finished one; False where that was done before."""
    if file.state in (CANCELLED, FAILED):
        return False
    file.state, file.ended_at = CANCELLED, clock.now()
    db.session.execute(delete(LogFilePiece).where(LogFilePiece.file_id == file.id))
    access.record(events.CANCELLED, kind="log_file", ids=[file.id])
    return True


def take(file: LogFile) -> None:
    """Note that somebody downloads the file."""
    asked = LogAsked(queries.PATH, file.filters)
    member = asked.id("member")
    if file.taken_at is None and file.asked_by == scope.current().actor_id:
        file.taken_at = clock.now()
    access.record(
        LOG_EXPORT,
        kind="log_file",
        ids=[file.id],
        members={member} if member else None,
        filters=sorted(asked.args),
        count=file.done,
        capped=False,
    )


def forget_old() -> int:
    """Delete files of every FMO a week after they were asked for, and give up what was broken off; for the relay."""
    fmos = [chain for chain in chains() if chain != INSTALLATION]
    return sum(_forget(fmo_id) for fmo_id in fmos)


def _forget(fmo_id: UUID) -> int:
    at_work = Scope(login=Login.JOBS, role=Role.SYSTEM, fmo_id=fmo_id, actor_name="Portal relay")
    with open_session(at_work) as session:
        broken = (LogFile.state.in_((QUEUED, RUNNING)), LogFile.beat_at < clock.now() - GIVEN_UP)
        over = {"state": FAILED, "ended_at": clock.now()}
        session.execute(update(LogFile).where(*broken).values(**over).execution_options(synchronize_session=False))
        ids = session.scalars(select(LogFile.id).where(LogFile.asked_at < clock.now() - queries.KEPT)).all()
        for model, column in ((LogFilePiece, LogFilePiece.file_id), (LogFile, LogFile.id)):
            gone = delete(model).where(column.in_(ids)).execution_options(synchronize_session=False)
            session.execute(gone)
    return len(ids)
