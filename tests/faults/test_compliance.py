"""The officers' jobs when a worker dies in the middle, the disk is full, or nobody queues what is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from redis import Redis
from redis.exceptions import ConnectionError as Away
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from portal.compliance.exports.models import LogFile, LogFilePiece
from portal.compliance.reviews.models import Review, ReviewFinding
from tests.faults.crew import Crew, gone, until
from tests.faults.test_disk import fill, small_disk_for
from tests.portal.compliance.reviews.conftest import noon
from tests.portal.compliance.test_access import entries, logged
from tests.support.world import World

FILES, REVIEWS = "/compliance/exports", "/compliance/reviews"
DAYS = 5


@pytest.fixture
def officer(world: World, store: Session, client_for: Any) -> FlaskClient:
    """Summit's officer, in whose log there is something to find."""
    store.execute(text("UPDATE fmo SET created_at = now() - interval '1 year'"))
    for day in range(1, DAYS + 1):
        logged(store, world.summit, action="member.reveal", at=noon(day), member_ids=[world.summit.stray.id])
    found: FlaskClient = client_for(world.summit.compliance)
    return found


@contextmanager
def held_up(engine: Engine, table: str, mode: str = "SHARE") -> Iterator[None]:
    """Let whoever writes into `table` stand still there; in the mode ACCESS EXCLUSIVE whoever reads it, too."""
    with engine.connect() as connection:
        connection.execute(text(f"LOCK TABLE {table} IN {mode} MODE"))
        yield
        connection.rollback()


def waiting(engine: Engine, table: str) -> set[int]:
    """Who stands there."""
    held = text("SELECT pid FROM pg_locks WHERE NOT granted AND relation = CAST(:table AS regclass)")
    with engine.connect() as connection:
        return set(connection.execute(held, {"table": table}).scalars())


def killed_at(engine: Engine, crew: Crew, subject: UUID, table: str) -> None:
    """Kill the work-horse of the job for `subject` where it writes into `table`; another stands there afterwards."""
    first = until(lambda: waiting(engine, table), f"a job that writes {table}")
    _, horse = crew.horse(subject)
    horse.kill()
    until(lambda: gone(horse), "the work-horse's end", 10)
    until(lambda: waiting(engine, table) - first, "a second attempt", 30)


def the_file(store: Session) -> LogFile:
    store.rollback()
    newest = select(LogFile).order_by(LogFile.asked_at.desc()).limit(1)
    return store.scalars(newest.execution_options(populate_existing=True)).one()


def the_review(store: Session) -> Review:
    store.rollback()
    return store.scalars(select(Review).execution_options(populate_existing=True)).one()


def reveals(store: Session) -> list[ReviewFinding]:
    store.rollback()
    found = store.scalars(select(ReviewFinding)).all()
    return [one for one in found if one.kind == "reveals"]


def ready(store: Session, *states: str) -> LogFile:
    return until(lambda: file if (file := the_file(store)).state in (states or ("ready",)) else None, "the file")


def is_whole(store: Session, officer: FlaskClient, world: World) -> None:
    """The newest file holds every reveal once, and its making is logged once."""
    file = the_file(store)
    assert len(store.scalars(select(LogFilePiece).where(LogFilePiece.file_id == file.id)).all()) == file.pieces == 1
    body = officer.get(f"{FILES}/{file.id}/access-log.csv").get_data(as_text=True)
    assert body.count("member.reveal") == DAYS
    assert len([one for one in entries(store, world.summit, "log_file.write") if one.subject_ids == [file.id]]) == 1
    store.rollback()


def test_a_log_file_whose_worker_is_killed(
    officer: FlaskClient, crew: Crew, world: World, store: Session, setup_engine: Engine
) -> None:
    with held_up(setup_engine, "log_file_piece"):
        assert officer.post(FILES, data={"action": "member.reveal"}).status_code == 303
        killed_at(setup_engine, crew, the_file(store).id, "log_file_piece")
    ready(store)
    is_whole(store, officer, world)


def test_a_review_whose_worker_is_killed(
    officer: FlaskClient, crew: Crew, world: World, store: Session, setup_engine: Engine
) -> None:
    with held_up(setup_engine, "review_finding"):
        assert officer.post(REVIEWS).status_code == 303
        killed_at(setup_engine, crew, the_review(store).id, "review_finding")
        assert the_review(store).computed_at is None and reveals(store) == []
    until(lambda: the_review(store).computed_at, "the findings")
    assert len(reveals(store)) == DAYS and all(one.revision == 0 for one in reveals(store))
    assert len(entries(store, world.summit, "review.compute")) == 1


def test_a_log_file_on_a_full_disk(
    officer: FlaskClient, crew: Crew, world: World, store: Session, setup_engine: Engine
) -> None:
    store.execute(text("TRUNCATE log_file_piece"))  # no room is left in pages of before
    store.commit()
    with small_disk_for(setup_engine, "log_file_piece") as disk:
        fill(disk)
        assert officer.post(FILES, data={"action": "member.reveal"}).status_code == 303
        assert ready(store, "ready", "failed").state == "failed"
        assert store.scalars(select(LogFilePiece)).all() == []
        assert "Nothing is kept. Order it anew" in officer.get(FILES).text
        (disk / "filler").unlink()
        assert officer.post(FILES, data={"action": "member.reveal"}).status_code == 303
        ready(store)
        is_whole(store, officer, world)


def test_the_queue_is_away_while_they_are_asked_for(
    officer: FlaskClient, crew: Crew, world: World, store: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise Away("the queue is away")

    crew.stop()
    with monkeypatch.context() as patched:
        patched.setattr(Redis, "execute_command", away)
        assert officer.post(FILES, data={"action": "member.reveal"}).status_code == 303
        assert officer.post(REVIEWS).status_code == 303
        assert "Under way" in officer.get(FILES).text
        assert officer.get(f"{REVIEWS}/{the_review(store).id}").status_code == 200
    crew.start()
    ready(store)
    until(lambda: the_review(store).computed_at, "the findings")
    is_whole(store, officer, world)
    assert len(reveals(store)) == DAYS
