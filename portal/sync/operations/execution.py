"""Carrying out a run: once, whole or not at all, whoever else tries at the same time.

A lock held by a connection of its own says that a worker lives; the fence says whether its work still counts.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, cast
from uuid import UUID

from flask import Flask, current_app
from sqlalchemy import Connection, Engine, func, select, update
from sqlalchemy.exc import DBAPIError

from portal.businesses import queries as businesses
from portal.businesses.models import Business
from portal.core import access, scope
from portal.core.session import open_session
from portal.extensions import db
from portal.identity import operations as identity
from portal.sync.events import RUN_SUCCEEDED
from portal.sync.models import OPEN, SyncRun
from portal.sync.operations import failures
from portal.sync.operations.apply import LARGE, apply
from portal.sync.operations.ending import end, owed_invitations
from portal.sync.operations.heartbeat import Heartbeat, Overtaken
from portal.sync.statements import locks

_PATIENCE = 10.0  # seconds for the worker of a run that is over to let go


def execute(run_id: UUID) -> str:
    """Carry out a run of the scope's Business and commit it; gives the run's status afterwards.

    May be called any number of times, at once or one after the other: a run that is over, or that a living worker has,
    is left alone. What goes wrong is written on the run as a sentence, and the account stays as it was. Where the
    database goes away the run stays open: whoever calls this again carries it out.
    """
    business_id = scope.business_id()
    with _own_connection() as connection:
        if not _lock(connection, business_id, run_id):
            return _status(run_id)
        try:
            status, written = _take_and_run(run_id)
        finally:
            with suppress(DBAPIError):  # a connection that was ended has let go already
                locks.leave_run(connection, business_id)
        if written > LARGE:
            locks.settle(connection)
    return status


def _lock(connection: Connection, business_id: UUID, run_id: UUID) -> bool:
    """Take the Business's run lock. While the run is queued, whoever has it works for one that is over: wait for it."""
    deadline = time.monotonic() + _PATIENCE
    while not locks.try_run(connection, business_id):
        if time.monotonic() > deadline or _status(run_id) != "queued":
            return False
        time.sleep(0.1)
    return True


def _take_and_run(run_id: UUID) -> tuple[str, int]:
    fence = _take(run_id)
    if fence is None:
        return _status(run_id), 0
    at_work = scope.current()
    app = cast(Flask, current_app._get_current_object())  # type: ignore[attr-defined]  # the thread needs the app itself
    heart = Heartbeat(app, at_work, run_id, fence)
    try:
        with heart:
            return "succeeded", _transaction(run_id, fence, heart)
    except Exception as error:  # noqa: BLE001  # whatever happened, the run must say so
        _roll_back()
        if _went_away(error):
            current_app.logger.warning("Sync run %s lost its database connection; it is taken up again.", run_id)
            return "running", 0
        if not heart.lost and not isinstance(error, Overtaken):
            current_app.logger.error("Sync run %s failed: %s", run_id, type(error).__name__)
            _fail(run_id, fence, failures.sentence(error))
    return _status(run_id), 0


def _roll_back() -> None:
    """Forget what the attempt wrote and recorded; what follows begins with a fresh session."""
    with suppress(DBAPIError):
        db.session.rollback()
    db.session.remove()


def _went_away(error: Exception) -> bool:
    return isinstance(error, DBAPIError) and failures.went_away(error)


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
            .where(SyncRun.id == run_id, SyncRun.status.in_(OPEN))
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
    heart.guard(locks.own_work(scope.business_id()))
    run = db.session.scalar(select(SyncRun).where(SyncRun.id == run_id).execution_options(populate_existing=True))
    if run is None:
        raise Overtaken
    business = db.session.scalars(select(Business).where(Business.id == run.business_id)).one()
    if not business.sync_enabled:
        raise failures.Disabled
    agreement = businesses.agreement(business)
    if agreement.blocked:
        raise failures.Blocked(agreement.warning)
    figures = apply(run, heart.say)
    owed = owed_invitations(run)
    db.session.expunge(run)  # only the statement below writes the run, and only under its fence
    _finish(run_id, fence, figures)
    for user_id in owed:
        identity.invite(user_id)
    told = {name: figures[name] for name in ("policies", "added", "updated", "released")}
    access.record(RUN_SUCCEEDED, kind="sync_run", ids=[run_id], **told)
    access.write_entries()
    db.session.commit()
    return int(figures["added"])


def _finish(run_id: UUID, fence: int, figures: dict[str, Any]) -> None:
    counted = {"progress_done": figures["policies"], "progress_total": figures["policies"]}
    if not end(run_id, "succeeded", fence=fence, error=None, **counted, **figures):
        raise Overtaken


def _fail(run_id: UUID, fence: int, sentence: str) -> None:
    end(run_id, "failed", fence=fence, error=sentence)
    access.write_entries()
    db.session.commit()
