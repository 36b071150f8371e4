"""Stopping a run that somebody does not want any more."""

from __future__ import annotations

from portal.core import access
from portal.core.scope import Scope
from portal.sync.events import RUN_CANCELLED
from portal.sync.models import SyncRun
from portal.sync.operations.ending import end


def cancel(run: SyncRun, *, by: Scope) -> bool:
    """End an open run at once and leave the account as it was; False where it was over already.

    Its worker may not finish it any more and notices within a second. What the run owed, an invitation, is owed on:
    the next run that succeeds sends it. A run that was asked for meanwhile begins.
    """
    sentence = f"{by.actor_name} cancelled this run. Nothing in the account was changed."
    if run.invite_user_id is not None:
        sentence += " The invitation goes out when a run succeeds; Retry starts one."
    if not end(run.id, "cancelled", error=sentence, cancelled_by=by.actor_name):
        return False
    access.record(RUN_CANCELLED, kind="business", ids=[run.business_id], run=str(run.id))
    return True
