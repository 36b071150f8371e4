"""Workers that are killed in the middle of a load or an undo: taken up by another one, and nothing is half."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from portal.book.models import FeedRun
from portal.book.operations import request_load
from portal.book.undoing.models import FeedUndo
from portal.core import access
from portal.core.scope import Role
from portal.extensions import db
from portal.identity.models import Fmo
from tests.faults.crew import Crew, Took, gone, until
from tests.portal.book.conftest import hold_nothing
from tests.portal.book.rows import aetna, person
from tests.portal.book.undoing import content, order
from tests.support import builders
from tests.support.people import acting

TAKEN_UP = 60.0  # seconds: only a silence of twenty means that a worker is dead
MANY = 30


@pytest.fixture
def fmo(store: Session) -> Fmo:
    """An FMO without anything, whose admin may move as much as they like."""
    made = builders.fmo(store)
    hold_nothing(store, made)
    return made


@contextmanager
def _held_up(engine: Engine) -> Iterator[None]:
    """Let whoever writes the book stand still in the middle: the policies are written, whose they are is not."""
    with engine.connect() as connection:
        connection.execute(text("LOCK TABLE policy_writer IN SHARE MODE"))
        yield
        connection.rollback()


def _stands(engine: Engine) -> bool:
    waiting = text("SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'policy_writer'::regclass")
    with engine.connect() as connection:
        return connection.execute(waiting).first() is not None


def _ask(app: Flask, fmo: Fmo, npn: str, day: str) -> UUID:
    with acting(app, Role.FMO_ADMIN, fmo):
        body = aetna(*(person(number, **{"Writing Agent NPN": npn}) for number in range(MANY)))
        run = request_load(body=body, file_name=f"book_{day}.csv", connector=None, dry_run=False, by="Test")
        access.write_entries()
        db.session.commit()
        return run.id


def _over(store: Session, model: Any, row_id: UUID) -> Any:
    def look() -> Any:
        store.rollback()
        store.expire_all()
        found = store.scalars(select(model).where(model.id == row_id)).one()
        return found if found.status not in ("queued", "running") else None

    return until(look, f"the end of {model.__tablename__}", 120)


def _kill(crew: Crew, engine: Engine, subject: UUID) -> float:
    until(lambda: _stands(engine), "a worker in the middle of its writes")
    _, horse = crew.horse(subject)
    horse.kill()
    killed = time.monotonic()
    until(lambda: gone(horse) and not _stands(engine), "the work-horse's end", 10)
    until(lambda: _stands(engine), "a second attempt", TAKEN_UP)
    return time.monotonic() - killed


def test_a_killed_load_and_a_killed_undo(
    crew: Crew, app: Flask, store: Session, fmo: Fmo, setup_engine: Engine, took: Took
) -> None:
    """Both end as if nobody had died: all of the file, then all of the book as it was."""
    assert _over(store, FeedRun, _ask(app, fmo, "1001001", "20261103")).new == MANY
    before = content(store, fmo)
    with _held_up(setup_engine):
        run_id = _ask(app, fmo, "2002002", "20261201")
        took("load killed: taken up", _kill(crew, setup_engine, run_id))
        assert content(store, fmo) == before, "nothing of it is seen before its end"
    run = _over(store, FeedRun, run_id)
    assert (run.status, run.changed, run.attempt) == ("succeeded", MANY, 2), run.error
    with _held_up(setup_engine):
        order_id = order(app, fmo, run)
        took("undo killed: taken up", _kill(crew, setup_engine, order_id))
        assert {npn for npn, *_ in content(store, fmo)["writers"].values()} == {"2002002"}
    done = _over(store, FeedUndo, order_id)
    assert (done.status, done.counts["changed"]) == ("done", MANY), done.error
    assert content(store, fmo) == before
