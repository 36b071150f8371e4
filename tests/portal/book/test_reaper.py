"""A feed run whose worker died is sent again; one that is alive or over is left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.book.models import FeedRun
from portal.book.operations import reap, run_feed
from portal.book.statements import runs
from portal.core import scope
from portal.core.outbox import Outbox
from portal.identity.models import Fmo
from tests.portal.book.conftest import Load, jobs_scope
from tests.portal.book.rows import aetna


def _died(load: Load, store: Session, attempt: int = 1) -> FeedRun:
    """A run as a killed worker leaves it: running, silent, its file kept."""
    run = load(aetna({}), dry_run=True)
    run.status, run.dry_run, run.attempt, run.fence = "running", False, attempt, attempt
    run.heartbeat_at, run.finished_at = datetime.now(UTC) - timedelta(minutes=1), None
    store.query(Outbox).delete()
    store.commit()
    return run


def _read(store: Session) -> tuple[FeedRun, int]:
    store.rollback()
    store.expire_all()
    return store.scalars(select(FeedRun)).one(), len(store.scalars(select(Outbox.id)).all())


def test_a_dead_run_is_sent_again_and_finishes(app: Flask, fmo: Fmo, load: Load, store: Session) -> None:
    """Once: the second look finds it waiting in the outbox."""
    died = _died(load, store)
    with app.app_context():
        assert (reap(), reap()) == (1, 0)
    run, jobs = _read(store)
    assert (run.status, run.fence, jobs) == ("queued", 2, 1)
    with app.app_context(), scope.acting(jobs_scope(fmo)):
        run_feed(died.id)
    run, _ = _read(store)
    assert (run.status, run.new, run.attempt) == ("succeeded", 1, 2)


def test_a_living_worker_is_left_alone(app: Flask, fmo: Fmo, load: Load, store: Session) -> None:
    """Who holds the book is at work, however long it has been silent."""
    _died(load, store)
    with app.app_context(), scope.acting(jobs_scope(fmo)):
        runs.lock_book(fmo.id)
        with app.app_context():
            scope.set_for_request(None)
            assert reap() == 0
        scope.set_for_request(None)
    assert _read(store)[0].status == "running"


def test_after_five_attempts_it_fails(app: Flask, load: Load, store: Session) -> None:
    """Nobody waits for ever."""
    _died(load, store, attempt=5)
    with app.app_context():
        assert reap() == 1
    run, jobs = _read(store)
    assert (run.status, jobs) == ("failed", 0)
    assert run.error and "Nothing in the book was changed" in run.error
