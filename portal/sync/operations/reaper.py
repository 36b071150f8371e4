"""Runs whose worker died, or that never began, go to the queue again: none is lost or left hanging."""

from __future__ import annotations

from datetime import timedelta
from typing import cast
from uuid import UUID

from flask import Flask, current_app
from sqlalchemy import func, or_, select

from portal.core import clock, outbox, scope
from portal.core.scope import Login, Role, Scope
from portal.core.session import open_session
from portal.extensions import db
from portal.identity.models import Fmo
from portal.identity.sessions import IDENTITY_SCOPE
from portal.sync.models import SyncRun
from portal.sync.operations.requests import JOB
from portal.sync.statements import locks

STALE = timedelta(seconds=20)
NEVER_BEGUN = timedelta(seconds=60)
MAX_ATTEMPTS = 5


def reap() -> int:
    """Send runs of every FMO again that no living worker has; gives their number.

    For the relay, every few seconds, outside any scope. Dead: no heartbeat for 20 s and the run's lock is free. After
    five attempts a run fails, so that nobody waits for ever.
    """
    with open_session(IDENTITY_SCOPE) as session:
        fmos = session.scalars(select(Fmo.id)).all()
    app = cast(Flask, current_app._get_current_object())  # type: ignore[attr-defined]  # a context for each FMO's session
    sent = 0
    for fmo_id in fmos:
        work = Scope(login=Login.JOBS, role=Role.SYSTEM, fmo_id=fmo_id, actor_name="Portal relay")
        with app.app_context(), scope.acting(work):
            sent += _reap_fmo()
            db.session.commit()
    return sent


def _reap_fmo() -> int:
    silent = SyncRun.heartbeat_at < func.now() - STALE
    never = SyncRun.requested_at < func.now() - NEVER_BEGUN
    runs = db.session.scalars(
        select(SyncRun)
        .where(or_((SyncRun.status == "running") & silent, (SyncRun.status == "queued") & never))
        .order_by(SyncRun.requested_at, SyncRun.id)
        .limit(100)
        .with_for_update(skip_locked=True)
    ).all()
    return sum(_send_again(run) for run in runs)


def _send_again(run: SyncRun) -> bool:
    if not locks.nobody_runs(run.business_id) or (run.status == "queued" and _is_waiting(run.id)):
        return False
    run.fence += 1  # whoever had it and still lives may not finish it any more
    if run.attempt >= MAX_ATTEMPTS:
        run.status, run.finished_at, run.phase = "failed", clock.now(), None
        run.error = (
            "The worker stopped five times during this run. Nothing in the account was changed. Tell the operator."
        )
    else:
        run.status, run.phase = "queued", None
        outbox.send_after_commit(JOB, run.business_id, run.id)
    db.session.flush()
    return True


def _is_waiting(run_id: UUID) -> bool:
    """Whether a job for the run stands in the outbox, or left it a moment ago."""
    row = outbox.Outbox
    lately = or_(row.sent_at.is_(None), row.sent_at > func.now() - NEVER_BEGUN)
    mine = (row.job == JOB, row.args.contains([str(run_id)]), lately)
    return db.session.scalar(select(row.id).where(*mine).limit(1)) is not None
