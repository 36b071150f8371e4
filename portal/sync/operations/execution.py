"""Carrying out a run: once, whole or not at all, whoever else tries at the same time.

A lock held by a connection of its own says that a worker lives; the fence says whether its work still counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast
from uuid import UUID

from flask import Flask, current_app
from sqlalchemy import Connection, Engine, func, select, update
from sqlalchemy.exc import DBAPIError

from portal.businesses.models import Business
from portal.core import access, scope
from portal.core.session import open_session
from portal.extensions import db
from portal.identity import operations as identity
from portal.sync.events import RUN_SUCCEEDED
from portal.sync.models import SyncRun
from portal.sync.operations.apply import LARGE, apply
from portal.sync.operations.heartbeat import Heartbeat
from portal.sync.statements import locks


class Disabled(Exception):
    """Policy Sync was disabled after the run was asked for."""


class Overtaken(Exception):
    """Another worker was given this run meanwhile; what was done here is rolled back."""


def execute(run_id: UUID) -> str:
    """Carry out a run of the scope's Business and commit it; gives the run's status afterwards.

    May be called any number of times, at once or one after the other: a run that is over, or that a living worker has,
    is left alone. What goes wrong is written on the run as a sentence, and the account stays as it was.
    """
    business_id = scope.business_id()
    with _own_connection() as connection:
        if not locks.try_run(connection, business_id):
            return "running"
        try:
            return _take_and_run(run_id, connection)
        finally:
            locks.leave_run(connection, business_id)


def _take_and_run(run_id: UUID, connection: Connection) -> str:
    fence = _take(run_id)
    if fence is None:
        return _status(run_id)
    at_work = scope.current()
    app = cast(Flask, current_app._get_current_object())  # type: ignore[attr-defined]  # the thread needs the app itself
    try:
        with Heartbeat(app, at_work, run_id, fence) as heart:
            written = _transaction(run_id, fence, heart)
    except Overtaken:
        db.session.rollback()
        return _status(run_id)
    except Exception as error:  # noqa: BLE001  # whatever happened, the run must say so
        db.session.rollback()
        current_app.logger.error("Sync run %s failed: %s", run_id, type(error).__name__)
        _fail(run_id, fence, _sentence(error))
        return "failed"
    if written > LARGE:
        locks.analyze(connection)
    return "succeeded"


@contextmanager
def _own_connection() -> Iterator[Connection]:
    engine: Engine = db.engines[scope.current().login.value]
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection


def _take(run_id: UUID) -> int | None:
    """Make the run this worker's: its new fence, or None where it is over or unknown. Whoever had it before is dead."""
    with open_session(scope.current()) as session:
        statement = (
            update(SyncRun)
            .where(SyncRun.id == run_id, SyncRun.status.in_(("queued", "running")))
            .values(
                status="running",
                attempt=SyncRun.attempt + 1,
                fence=SyncRun.fence + 1,
                started_at=func.now(),
                heartbeat_at=func.now(),
                phase="Starting",
                progress_done=0,
            )
            .returning(SyncRun.fence)
        )
        return session.scalar(statement.execution_options(synchronize_session=False))


def _status(run_id: UUID) -> str:
    with open_session(scope.current()) as session:
        found = session.scalar(select(SyncRun.status).where(SyncRun.id == run_id))
    return found or "unknown"


def _transaction(run_id: UUID, fence: int, heart: Heartbeat) -> int:
    """Everything that the run changes, the invitation and the log included, in one commit; gives the rows added."""
    run = db.session.scalar(select(SyncRun).where(SyncRun.id == run_id).execution_options(populate_existing=True))
    if run is None:
        raise Overtaken
    if not db.session.scalar(select(Business.sync_enabled).where(Business.id == run.business_id)):
        raise Disabled
    figures = apply(run, heart.say)
    invite = run.invite_user_id
    db.session.expunge(run)  # only the statement below writes the run, and only under its fence
    _finish(run_id, fence, figures)
    if invite is not None:
        identity.invite(invite)
    told = {name: figures[name] for name in ("policies", "added", "updated", "released")}
    access.record(RUN_SUCCEEDED, kind="sync_run", ids=[run_id], **told)
    access.write_entries()
    db.session.commit()
    return int(figures["added"])


def _finish(run_id: UUID, fence: int, figures: dict[str, Any]) -> None:
    done = db.session.scalar(
        update(SyncRun)
        .where(SyncRun.id == run_id, SyncRun.fence == fence, SyncRun.status == "running")
        .values(
            **figures,
            status="succeeded",
            phase=None,
            progress_done=figures["policies"],
            progress_total=figures["policies"],
            error=None,
            finished_at=func.clock_timestamp(),
        )
        .returning(SyncRun.id)
        .execution_options(synchronize_session=False)
    )
    if done is None:
        raise Overtaken


def _fail(run_id: UUID, fence: int, sentence: str) -> None:
    with open_session(scope.current()) as session:
        mine = (SyncRun.id == run_id, SyncRun.fence == fence, SyncRun.status == "running")
        values = {"status": "failed", "error": sentence, "finished_at": func.now(), "phase": None}
        session.execute(update(SyncRun).where(*mine).values(**values).execution_options(synchronize_session=False))


def _sentence(error: Exception) -> str:
    kept = "Nothing in the account was changed."
    if isinstance(error, Disabled):
        return f"Policy Sync was disabled before this run began. {kept} Enable it again to start a run."
    if isinstance(error, DBAPIError):
        return f"The database did not finish the run. {kept} Retry; if it fails again, tell the operator."
    return f"The run met an unexpected error. {kept} Retry; if it fails again, tell the operator."
