"""Feed runs whose worker died are sent again: no run is lost or left hanging."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, or_, select

from portal.book.models import FeedRun
from portal.book.statements import runs
from portal.core import clock, outbox, scope
from portal.extensions import db
from portal.identity.rounds import in_each_fmo

STALE = timedelta(seconds=20)
NEVER_BEGUN = timedelta(seconds=12)
MAX_ATTEMPTS = 5
JOB = "load_feed"


def reap() -> int:
    """Send feed runs of every FMO again that no living worker has; gives their number.

    For the relay, every few seconds, outside any scope. Dead: no heartbeat for 20 s, and nobody holds the FMO's book.
    After five attempts a run fails, so that nobody waits for ever.
    """
    return in_each_fmo(_reap_fmo)


def _reap_fmo() -> int:
    silent = FeedRun.heartbeat_at < func.now() - STALE
    never = FeedRun.requested_at < func.now() - NEVER_BEGUN
    found = db.session.scalars(
        select(FeedRun)
        .where(or_((FeedRun.status == "running") & silent, (FeedRun.status == "queued") & never))
        .order_by(FeedRun.requested_at, FeedRun.id)
        .limit(100)
        .with_for_update(skip_locked=True)
    ).all()
    if not found or not runs.nobody_loads(scope.fmo_id()):
        return 0
    return sum(_send_again(run) for run in found)


def _send_again(run: FeedRun) -> bool:
    if run.status == "queued" and outbox.under_way(JOB, run.id):
        return False
    outbox.forget(JOB, run.id)
    run.fence += 1  # whoever had it and still lives may not finish it any more
    if run.attempt >= MAX_ATTEMPTS:
        run.status, run.finished_at, run.phase = "failed", clock.now(), None
        run.error = "The worker stopped five times during this run. Nothing in the book was changed. Tell the operator."
    else:
        run.status, run.phase, run.heartbeat_at = "queued", None, None
        outbox.send_after_commit(JOB, run.id)
    db.session.flush()
    return True
