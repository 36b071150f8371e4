"""When a source is looked at next, and having the looks that are due carried out."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from portal.book.arrival.models import ArrivalFile, ArrivalLook, ArrivalSource
from portal.core import clock, outbox, scope
from portal.core.ids import new_id
from portal.extensions import db
from portal.identity.rounds import in_each_fmo

JOB = "look_at_source"
SETTLED = timedelta(seconds=10)  # a file that has not changed for so long, between two looks, is whole
PATIENCE = timedelta(minutes=15)  # for so long the second look follows soon; then a file waits for the usual one
LONGEST_WAIT = timedelta(hours=6)
SCHEDULE = "Schedule"
LOST = "The worker stopped again and again during this look. What was taken before stays taken. Tell the operator."


def ready(source: ArrivalSource) -> bool:
    """Whether the source can be looked at at all: a server needs a confirmed key and a login."""
    return source.kind == "folder" or bool(source.host_key and source.secret_kind)


def usual_time(source: ArrivalSource, now: datetime) -> datetime | None:
    """When the schedule asks for the next look; None where only the button does."""
    if source.every_minutes:
        return now + timedelta(minutes=source.every_minutes)
    if source.daily_at:
        zone = ZoneInfo(source.zone)
        hour, minute = map(int, source.daily_at.split(":"))
        there = now.astimezone(zone)
        at = datetime.combine(there.date(), time(hour, minute), zone)
        return (at if at > there else at + timedelta(days=1)).astimezone(now.tzinfo)
    return None


def time_after(source: ArrivalSource, now: datetime) -> datetime | None:
    """When to look after a look that ended well: soon, where a file may be whole by then."""
    usual = usual_time(source, now)
    mine = (ArrivalFile.source_id == source.id, ArrivalFile.state == "waiting")
    young = select(ArrivalFile.id).where(*mine, ArrivalFile.first_seen_at > now - PATIENCE).limit(1)
    if db.session.scalar(young) is None:
        return usual
    soon = now + SETTLED + timedelta(seconds=2)
    return min(soon, usual) if usual else soon


def time_after_failure(source: ArrivalSource, now: datetime) -> datetime | None:
    """When to try again: after one minute, then two, four, … and never later than six hours from now."""
    if source.stopped:
        return None
    wait = min(timedelta(minutes=2 ** min(source.failures - 1, 12)), LONGEST_WAIT)
    return now + wait


def begin(source: ArrivalSource, what: str, by: str) -> ArrivalLook:
    """Order one look; the caller has seen that none is open."""
    look = ArrivalLook(
        fmo_id=scope.fmo_id(), id=new_id(), source_id=source.id, what=what, status="queued", asked_by=by,
        asked_id=scope.current().actor_id, asked_at=clock.now(), lines=[],
    )  # fmt: skip
    db.session.add(look)
    db.session.flush()
    outbox.send_after_commit(JOB, look.id)
    return look


def order_due() -> int:
    """Order a look at every source that is due, and end looks that no worker will ever carry out; gives their number.

    For the relay, every few seconds, outside any scope. A source has one look at a time.
    """
    return in_each_fmo(_order_due_of_fmo)


def _order_due_of_fmo() -> int:
    now = clock.now()
    due = db.session.scalars(
        select(ArrivalSource)
        .where(ArrivalSource.removed_at.is_(None), ArrivalSource.next_at <= now, ArrivalSource.stopped.is_(False))
        .order_by(ArrivalSource.next_at)
        .limit(50)
        .with_for_update(skip_locked=True)
    ).all()
    for source in due:
        source.next_at = None  # the look says when the next one is
        open_one = select(ArrivalLook.id).where(
            ArrivalLook.source_id == source.id, ArrivalLook.status.in_(("queued", "running"))
        )
        if ready(source) and db.session.scalar(open_one) is None:
            begin(source, "take", SCHEDULE)
    db.session.flush()
    return len(due) + _end_lost(now)


def _end_lost(now: datetime) -> int:
    open_ones = db.session.scalars(
        select(ArrivalLook)
        .where(ArrivalLook.status.in_(("queued", "running")), ArrivalLook.asked_at < now - timedelta(minutes=1))
        .limit(50)
        .with_for_update(skip_locked=True)
    ).all()
    lost = [one for one in open_ones if not outbox.under_way(JOB, one.id)]
    for look in lost:
        look.status, look.error, look.ended_at, look.fence = "failed", LOST, now, look.fence + 1
        source = db.session.scalars(select(ArrivalSource).where(ArrivalSource.id == look.source_id)).one()
        if look.what == "take":
            note_failure(source, LOST, now)
    db.session.flush()
    return len(lost)


def note_failure(source: ArrivalSource, sentence: str, now: datetime, *, stop: bool = False) -> None:
    """Keep why a look failed, and when the next try is."""
    source.failures += 1
    source.failing_since = source.failing_since or now
    source.error, source.looked_at = sentence, now
    source.stopped = source.stopped or stop
    source.next_at = time_after_failure(source, now)
