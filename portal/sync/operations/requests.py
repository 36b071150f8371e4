"""Asking for runs and for re-syncs. Nothing here copies anything: `execution` does, in a worker."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import cast, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert

from portal.activities.models import Activity
from portal.businesses import queries as businesses
from portal.businesses.models import Business
from portal.core import access, clock
from portal.core.ids import new_id
from portal.core.scope import Scope
from portal.extensions import db
from portal.sync.events import RESYNC_ASKED
from portal.sync.models import ResyncRequest, SyncRun
from portal.sync.operations.ending import OPEN_RUN, queue

ADD_AGENT = "add_agent"


class SyncOff(Exception):
    """Policy Sync is not enabled for the Business; nothing was started."""


class Blocked(Exception):
    """The Business's agreement does not let it be synced; the text is a sentence. Nothing was started."""


def request_run(
    business: Business,
    reason: str,
    *,
    by: Scope,
    activity: Activity | None = None,
    invite_user: UUID | None = None,
    expected: dict[str, Any] | None = None,
    whole: bool = False,
) -> tuple[SyncRun, bool]:
    """Start one run for `business` once this transaction is committed: (run, True), or (the run under way, False).

    However many ask at once, one run is open per Business. `expected` is what was shown before the click, kept with
    the run. Raises `SyncOff` where Policy Sync is not enabled, `Blocked` where the agreement forbids it.
    `whole`: look at every policy, not only at what the book has changed since. Answers the agents' open "Ask for a
    re-sync". The invitation of `invite_user` goes out once this run has succeeded; where one is under way already, a
    further run follows it for that.
    """
    if not business.sync_enabled:
        raise SyncOff(business.name)
    agreement = businesses.agreement(business)
    if agreement.blocked:
        raise Blocked(agreement.warning)
    db.session.flush()
    values = {
        "fmo_id": business.fmo_id,
        "business_id": business.id,
        "reason": reason,
        "activity_id": activity.id if activity else None,
        "invite_user_id": invite_user,
        "requested_by_id": by.actor_id,
        "requested_by": by.actor_name,
        "expected": expected,
        "whole": whole,
    }
    while True:
        made = queue(values)
        if made is not None:
            break
        under_way = open_run(business.id)
        follows = invite_user is not None or reason == ADD_AGENT  # it may have read the NPNs already
        if under_way is not None and (not follows or _run_again(under_way, values)):
            return under_way, False
    _answer_requests(business.id, made.id)
    return made, True


def _run_again(run: SyncRun, values: dict[str, Any]) -> bool:
    """Note on an open run that another follows, on whose success the invitation goes out; False where it has ended."""
    invite, activity = _text(values["invite_user_id"]), _text(values["activity_id"])
    known = [{"invite": _text(run.invite_user_id), "activity": _text(run.activity_id)}, *run.again]
    if any(activity == one["activity"] and invite in (None, one["invite"]) for one in known):
        return True  # the same click a second time
    if invite is not None and invite in [one["invite"] for one in known]:
        invite = None  # once is enough; but the NPN may have come back after the run has read which there are
    asked = {
        "reason": values["reason"],
        "activity": activity,
        "invite": invite,
        "by_id": _text(values["requested_by_id"]),
        "by": values["requested_by"],
        "expected": values["expected"],
    }
    noted = db.session.scalar(
        update(SyncRun)
        .where(SyncRun.id == run.id, OPEN_RUN)
        .values(again=SyncRun.again.op("||")(cast([asked], JSONB)))
        .returning(SyncRun.id)
        .execution_options(synchronize_session=False)
    )
    return noted is not None


def _text(found: UUID | None) -> str | None:
    return str(found) if found else None


def open_run(business_id: UUID) -> SyncRun | None:
    """The Business's run that is queued or running, or None."""
    return db.session.scalar(
        select(SyncRun).where(SyncRun.business_id == business_id, OPEN_RUN).execution_options(populate_existing=True)
    )


def _answer_requests(business_id: UUID, run_id: UUID) -> None:
    db.session.execute(
        update(ResyncRequest)
        .where(ResyncRequest.business_id == business_id, ResyncRequest.answered_at.is_(None))
        .values(answered_at=clock.now(), answer_run_id=run_id)
        .execution_options(synchronize_session=False)
    )


def retry(run: SyncRun, business: Business, *, by: Scope) -> tuple[SyncRun, bool]:
    """Start a new run in place of one that failed or was cancelled, with the same activity and invitation behind it."""
    activity = None
    if run.activity_id is not None:
        activity = db.session.scalar(select(Activity).where(Activity.id == run.activity_id))
    return request_run(
        business, run.reason, by=by, activity=activity, invite_user=run.invite_user_id, expected=run.expected
    )


def ask(business_id: UUID, *, by: Scope) -> bool:
    """Put the agent's wish before the FMO; False where it is there already."""
    made = db.session.scalar(
        insert(ResyncRequest)
        .values(id=new_id(), fmo_id=by.fmo_id, business_id=business_id, asked_by=by.actor_name)
        .on_conflict_do_nothing(index_elements=["business_id"], index_where=ResyncRequest.answered_at.is_(None))
        .returning(ResyncRequest.id)
    )
    if made is None:
        return False
    access.record(RESYNC_ASKED, kind="business", ids=[business_id])
    return True
