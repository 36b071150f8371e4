"""Runs whose worker died or was stopped, or that never began, go to the queue again: none is lost or left hanging."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, or_, select

from portal.core import outbox
from portal.extensions import db
from portal.identity.rounds import in_each_fmo
from portal.sync.models import SyncRun
from portal.sync.operations.ending import JOB, OPEN_RUN, end
from portal.sync.statements import locks

STALE = timedelta(seconds=15)
NEVER_BEGUN = timedelta(seconds=12)
MAX_ATTEMPTS = 5
STOPPED = "The worker stopped five times during this run. Nothing in the account was changed. Tell the operator."


def reap() -> int:
    """Send runs of every FMO again that no living worker has; gives their number.

    For the relay, every few seconds, outside any scope. A running run whose lock is free has lost its worker. One whose
    lock is held without a heartbeat for 15 s has a worker that was stopped: its connections are ended, so that it can
    write nothing when it wakes up. A queued run that stands neither in the outbox nor in the queue never began. After
    five attempts a run fails, so that nobody waits for ever.
    """
    return in_each_fmo(_reap_fmo)


def _reap_fmo() -> int:
    _end_silent()
    never = SyncRun.requested_at < func.now() - NEVER_BEGUN
    runs = db.session.scalars(
        select(SyncRun)
        .where(OPEN_RUN, or_(SyncRun.status == "running", never))
        .order_by(SyncRun.requested_at, SyncRun.id)
        .limit(200)
        .with_for_update(skip_locked=True)
    ).all()
    return sum(_send_again(run) for run in runs if _is_lost(run))


def _end_silent() -> None:
    """Looks without locking: a stopped worker may hold its run's row, too."""
    silent = select(SyncRun.business_id).where(
        OPEN_RUN, SyncRun.status == "running", SyncRun.heartbeat_at < func.now() - STALE
    )
    for business_id in db.session.scalars(silent).all():
        if locks.end_holders(business_id):
            locks.await_free(business_id)


def _is_lost(run: SyncRun) -> bool:
    if run.status == "queued":
        return not outbox.under_way(JOB, run.id)
    return locks.nobody_runs(run.business_id)


def _send_again(run: SyncRun) -> bool:
    """Take the run from whoever had it, and give it to the queue; the more often it was lost, the later."""
    locks.end_holders(run.business_id)
    outbox.forget(JOB, run.id)
    if run.attempt >= MAX_ATTEMPTS:
        return end(run.id, "failed", error=STOPPED)
    run.fence += 1  # whoever had it and still lives may not finish it any more
    if run.status == "queued":
        run.attempt += 1
    run.status, run.phase = "queued", None
    pause = timedelta(seconds=2**run.attempt) if run.attempt > 1 else None
    outbox.send_after_commit(JOB, run.business_id, run.id, wait=pause)
    db.session.flush()
    return True
