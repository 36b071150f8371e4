"""Feed runs whose worker died are sent again: no run is lost or left hanging."""

from __future__ import annotations

from datetime import timedelta
from typing import cast
from uuid import UUID

from flask import Flask, current_app
from sqlalchemy import func, or_, select

from portal.book.models import FeedRun
from portal.book.statements import runs
from portal.core import clock, outbox, scope
from portal.core.outbox import Outbox
from portal.core.scope import Login, Role, Scope
from portal.core.session import open_session
from portal.extensions import db
from portal.identity.models import Fmo
from portal.identity.sessions import IDENTITY_SCOPE

STALE = timedelta(seconds=20)
NEVER_BEGUN = timedelta(minutes=2)
MAX_ATTEMPTS = 5


def reap() -> int:
    """Send feed runs of every FMO again that no living worker has; gives their number.

    For the relay, every few seconds, outside any scope. Dead: no heartbeat for 20 s, and nobody holds the FMO's book.
    After five attempts a run fails, so that nobody waits for ever.
    """
    with open_session(IDENTITY_SCOPE) as session:
        fmos = session.scalars(select(Fmo.id)).all()
    app = cast(Flask, current_app._get_current_object())  # type: ignore[attr-defined]  # a context for each FMO's session
    sent = 0
    for fmo_id in fmos:
        work = Scope(login=Login.JOBS, role=Role.SYSTEM, fmo_id=fmo_id, actor_name="Portal relay")
        with app.app_context(), scope.acting(work):
            sent += _reap_fmo(fmo_id)
            db.session.commit()
    return sent


def _reap_fmo(fmo_id: UUID) -> int:
    silent = FeedRun.heartbeat_at < func.now() - STALE
    never = FeedRun.requested_at < func.now() - NEVER_BEGUN
    found = db.session.scalars(
        select(FeedRun)
        .where(or_((FeedRun.status == "running") & silent, (FeedRun.status == "queued") & never))
        .order_by(FeedRun.requested_at, FeedRun.id)
        .limit(100)
        .with_for_update(skip_locked=True)
    ).all()
    if not found or not runs.nobody_loads(fmo_id):
        return 0
    return sum(_send_again(run) for run in found)


def _send_again(run: FeedRun) -> bool:
    if run.status == "queued" and _is_waiting(run.id):
        return False
    run.fence += 1  # whoever had it and still lives may not finish it any more
    if run.attempt >= MAX_ATTEMPTS:
        run.status, run.finished_at, run.phase = "failed", clock.now(), None
        run.error = "The worker stopped five times during this run. Nothing in the book was changed. Tell the operator."
    else:
        run.status, run.phase, run.heartbeat_at = "queued", None, None
        outbox.send_after_commit("load_feed", run.id)
    db.session.flush()
    return True


def _is_waiting(run_id: UUID) -> bool:
    mine = Outbox.args.contains([str(run_id)])
    recent = Outbox.sent_at > func.now() - NEVER_BEGUN
    waiting = select(Outbox.id).where(Outbox.job == "load_feed", mine, or_(Outbox.sent_at.is_(None), recent))
    return db.session.scalar(waiting.limit(1)) is not None
