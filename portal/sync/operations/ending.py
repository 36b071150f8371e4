"""How a run ends, however it ends: once, and with what was asked for meanwhile following it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import func, literal_column, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from portal.core import access, outbox
from portal.core.ids import new_id, parse_id
from portal.extensions import db
from portal.identity.models import Invitation, User
from portal.sync.events import RUN_FAILED, RUN_REQUESTED
from portal.sync.models import MISSED, OPEN, SyncRun

# Written out: PostgreSQL finds a partial index only by its literal condition.
OPEN_RUN = SyncRun.status.in_([literal_column(f"'{status}'") for status in OPEN])
JOB = "run_sync"


def end(run_id: UUID, status: str, *, fence: int | None = None, **values: Any) -> bool:
    """End an open run in the session's transaction; False where it is over, or no longer of the worker with `fence`.

    From then on nobody may finish it otherwise. The first request noted in its `again` becomes the next run.
    """
    mine = [SyncRun.id == run_id, OPEN_RUN]
    if fence is not None:
        mine = [SyncRun.id == run_id, SyncRun.fence == fence, SyncRun.status == "running"]
    over = {"status": status, "phase": None, "finished_at": func.clock_timestamp(), "fence": SyncRun.fence + 1}
    ended = db.session.execute(
        update(SyncRun)
        .where(*mine)
        .values(**over, **values)
        .returning(SyncRun.fmo_id, SyncRun.business_id, SyncRun.again)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if ended is None:
        return False
    if status == "failed":
        access.record(RUN_FAILED, kind="sync_run", ids=[run_id])
    if ended.again:
        _follow(ended.fmo_id, ended.business_id, list(ended.again))
    return True


def _follow(fmo_id: UUID, business_id: UUID, asked: list[dict[str, Any]]) -> None:
    first, *others = asked
    queue(
        {
            "fmo_id": fmo_id,
            "business_id": business_id,
            "reason": first["reason"],
            "activity_id": parse_id(first["activity"] or ""),
            "invite_user_id": parse_id(first["invite"] or ""),
            "requested_by_id": parse_id(first["by_id"] or ""),
            "requested_by": first["by"],
            "expected": first["expected"],
            "again": others,
        }
    )


def queue(values: dict[str, Any]) -> SyncRun | None:
    """Make a run of these columns and send it after the commit; None where the Business has an open one."""
    # Waits for whoever is asking at this very moment, instead of failing beside them.
    statement = insert(SyncRun).values(id=new_id(), **values)
    statement = statement.on_conflict_do_nothing(index_elements=["business_id"], index_where=OPEN_RUN)
    made = db.session.scalar(statement.returning(SyncRun.id))
    if made is None:
        return None
    business_id = values["business_id"]
    outbox.send_after_commit(JOB, business_id, made)
    access.record(RUN_REQUESTED, kind="business", ids=[business_id], why=values["reason"], run=str(made))
    return db.session.scalars(select(SyncRun).where(SyncRun.id == made)).one()


def owed_invitations(run: SyncRun) -> list[UUID]:
    """Who is to be invited now that `run` succeeds: its own, and those of the failed and cancelled runs before it.

    Only who still belongs to its Business and waits for an invitation: others were moved, deactivated, or are in, or
    got one since the run was asked for, by the run before it or by hand.
    """
    same = (SyncRun.fmo_id == run.fmo_id, SyncRun.business_id == run.business_id, SyncRun.id != run.id)
    # By their ends, which come one after the other: who asks may have begun to long before.
    last = db.session.scalar(select(func.max(SyncRun.finished_at)).where(*same, SyncRun.status == "succeeded"))
    missed = [*same, SyncRun.status.in_(MISSED), SyncRun.invite_user_id.is_not(None)]
    if last is not None:
        missed.append(SyncRun.finished_at > last)
    theirs = or_(User.id == run.invite_user_id, User.id.in_(select(SyncRun.invite_user_id).where(*missed)))
    waiting = (User.fmo_id == run.fmo_id, User.business_id == run.business_id, User.state == "invited")
    since = (Invitation.user_id == User.id, Invitation.created_at >= run.requested_at, Invitation.voided_at.is_(None))
    invited = select(Invitation.id).where(*since).exists()
    return list(db.session.scalars(select(User.id).where(theirs, *waiting, ~invited).order_by(User.id)))
