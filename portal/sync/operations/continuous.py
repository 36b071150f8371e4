"""Continuous sync: where an FMO switched it on, an account follows the book after each change of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import exists, select

from portal.businesses import queries as businesses
from portal.businesses.models import Business
from portal.core import outbox, scope
from portal.extensions import db
from portal.sync.operations.requests import Blocked, SyncOff, open_run, request_run
from portal.sync.statements import source

REASON = "continuous"
JOB = "follow_book"
_AGAIN = timedelta(seconds=20)


def follow_later() -> None:
    """Let continuous accounts follow once this transaction, which changed the book, is committed."""
    wanted = select(exists().where(Business.continuous, Business.sync_enabled))
    if db.session.scalar(wanted):
        outbox.send_after_commit(JOB)


def follow() -> int:
    """Ask for a run of each continuous Business for which the book has something new; the number of runs started.

    Left out are Businesses without Policy Sync, and those whose agreement forbids it. One that waits for a run already
    gets no second one; where a run is at work, which may have read the book before the change, it is looked at again.
    """
    by = replace(scope.current(), actor_name="Continuous sync")
    started, busy = 0, False
    for business in businesses.by_ids(source.behind(scope.fmo_id())).values():
        under_way = open_run(business.id)
        if under_way is not None:
            busy = busy or under_way.status == "running"
            continue
        try:
            started += request_run(business, REASON, by=by)[1]
        except (SyncOff, Blocked):
            continue
    if busy:
        outbox.send_after_commit(JOB, wait=_AGAIN)
    return started
