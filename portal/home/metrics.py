"""Figures for monitoring. Counts only, over all FMOs; each is asked inside one FMO's scope, as the wall demands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from redis.exceptions import RedisError
from rq import Worker
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.book.models import FeedRun
from portal.compliance.alarms import queries as alarms
from portal.compliance.models import AccessEntry
from portal.compliance.retention import months, statements
from portal.compliance.seals import queries as seals
from portal.core import clock
from portal.core.outbox import Outbox
from portal.core.scope import Login, Role, Scope
from portal.core.session import open_session
from portal.extensions import redis_client
from portal.identity.models import Fmo
from portal.sync.models import SyncRun

QUEUE_KEY = "rq:queue:portal"
LATELY = timedelta(days=1)


def exposition() -> tuple[bytes, str]:
    """The figures in Prometheus' text format, and its content type."""
    registry = CollectorRegistry()
    _queue(registry)
    fmos = _fmos()
    _count_by(registry, "portal_feed_runs", "Feed runs by state", "state", _by_state(FeedRun, fmos))
    _count_by(registry, "portal_sync_runs", "Sync runs by state", "state", _by_state(SyncRun, fmos))
    _count_by(registry, "portal_log_entries_last_day", "Log entries of 24 hours", "outcome", _entries(fmos))
    _seals(registry)
    _months(registry)
    _alarms(registry, fmos)
    waiting = Gauge("portal_outbox_waiting", "Jobs that are not yet handed to the queue", registry=registry)
    waiting.set(_waiting())
    return generate_latest(registry), CONTENT_TYPE_LATEST


def _queue(registry: CollectorRegistry) -> None:
    up = Gauge("portal_queue_up", "Whether the queue's server answers", registry=registry)
    length = Gauge("portal_queue_length", "Jobs waiting in the queue", registry=registry)
    workers = Gauge("portal_workers", "Workers that are registered", registry=registry)
    try:
        connection = redis_client()
        length.set(int(connection.llen(QUEUE_KEY)))
        workers.set(Worker.count(connection=connection))
        up.set(1)
    except RedisError:
        up.set(0)


def _seals(registry: CollectorRegistry) -> None:
    told = seals.figures()
    for name, words, value in (
        ("portal_log_seals", "Seals of the log", told.seals),
        ("portal_log_unsealed_entries", "Log entries of a day that are in no seal yet", told.waiting),
        ("portal_log_unsealed_seconds", "Age of the oldest of them", told.oldest_seconds),
        ("portal_log_faults", "Faults that the last verifications of the log found", told.faults),
        (
            "portal_log_verified_seconds",
            "Since when no whole verification ended; -1: never",
            told.verified_seconds,
        ),
    ):
        Gauge(name, words, registry=registry).set(value)


def _months(registry: CollectorRegistry) -> None:
    with open_session(_acting(Login.IDENTITY)) as session:
        ahead, outside = months.ahead(statements.months(session), clock.now()), statements.outside(session)
    Gauge("portal_log_months_ahead", "Coming months that have a place in the log", registry=registry).set(ahead)
    Gauge("portal_log_outside_months", "Log entries outside every month, about", registry=registry).set(outside)


def _alarms(registry: CollectorRegistry, fmos: list[UUID]) -> None:
    waiting: Counter[str] = Counter()
    since = 0.0
    for session in _sessions(Login.COMPLIANCE, fmos):
        waiting.update(alarms.waiting_by_kind(session))
        last = alarms.round_of(session)
        since = max(since, (clock.now() - last).total_seconds()) if last and since >= 0 else -1
    _count_by(registry, "portal_alarms", "Alarms that wait for an officer", "kind", waiting)
    words = "Since when alarms of the FMO that is the longest behind were not looked for; -1: never"
    Gauge("portal_alarms_looked_for_seconds", words, registry=registry).set(since)


def _count_by(registry: CollectorRegistry, name: str, words: str, label: str, counts: Counter[str]) -> None:
    gauge = Gauge(name, words, [label], registry=registry)
    for value, count in sorted(counts.items()):
        gauge.labels(value).set(count)


def _fmos() -> list[UUID]:
    with open_session(_acting(Login.IDENTITY)) as session:
        return list(session.scalars(select(Fmo.id)))


def _acting(login: Login, fmo_id: UUID | None = None) -> Scope:
    return Scope(login=login, role=Role.SYSTEM, fmo_id=fmo_id, actor_name="monitoring")


def _sessions(login: Login, fmos: list[UUID]) -> Iterator[Session]:
    for fmo_id in fmos:
        with open_session(_acting(login, fmo_id)) as session:
            yield session


def _by_state(model: Any, fmos: list[UUID]) -> Counter[str]:
    found = Counter({"queued": 0, "running": 0, "succeeded": 0, "failed": 0})
    for session in _sessions(Login.JOBS, fmos):
        for state, count in session.execute(select(model.status, func.count()).group_by(model.status)):
            found[state] += count
    return found


def _entries(fmos: list[UUID]) -> Counter[str]:
    found = Counter({"done": 0, "refused": 0, "failed": 0})
    recent = select(AccessEntry.outcome, func.count()).where(AccessEntry.at > clock.now() - LATELY)
    for session in _sessions(Login.COMPLIANCE, fmos):
        for outcome, count in session.execute(recent.group_by(AccessEntry.outcome)):
            found[outcome] += count
    return found


def _waiting() -> int:
    # The relay's view: it sends for every FMO, so no tenant is named and the ORM's filter has nothing to say.
    counted = select(func.count()).select_from(Outbox.__table__).where(Outbox.__table__.c.sent_at.is_(None))
    with open_session(_acting(Login.JOBS)) as session:
        return session.scalar(counted) or 0
