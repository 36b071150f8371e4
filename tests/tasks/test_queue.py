"""The queue carries names from a list and ids; anything else is not run."""

from __future__ import annotations

import logging
import os
import pickle
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from redis import Redis
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer
from rq.utils import now as rq_now
from sqlalchemy import Engine, text

from portal.core import outbox
from portal.core.scope import Role
from portal.identity.models import User
from tasks import jobs, relay
from tasks.queue import AllowedJob, NotAllowed, outbox_id, queue
from tasks.worker import make as make_worker
from tests.support import builders as make
from tests.support.people import acting
from tests.support.sentinels import parts_of, unpacked


@pytest.fixture
def connection(app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[Redis]:
    """The queue's server, emptied."""
    from portal.extensions import redis_client

    with app.app_context():
        client = redis_client()
    client.flushdb()
    for name in ("rq", "rq.worker"):  # RQ closes them to listeners once any worker of this process has set them up
        monkeypatch.setattr(logging.getLogger(name), "propagate", True)
        monkeypatch.setattr(logging.getLogger(name), "disabled", False)
        caplog.set_level(logging.WARNING, logger=name)
    yield client
    client.flushdb()


@pytest.mark.parametrize("name", ["os.system", "builtins.eval", "tasks.jobs.application", "run_sync.__globals__"])
def test_a_forged_job_names_nothing_that_runs(connection: Redis, name: str) -> None:
    forged = AllowedJob.create(name, args=("id",), connection=connection, serializer=JSONSerializer)
    with pytest.raises(NotAllowed):
        _ = forged.func


def _worked(connection: Redis, job: Job) -> None:
    """Have a worker carry out what the queue's server holds under the job's id, as its work-horse does."""
    worker = make_worker(connection)
    found = AllowedJob.fetch(job.id, connection=connection, serializer=JSONSerializer)
    worker.perform_job(found, queue(connection), worker.prepare_execution(found))


def _kept(connection: Redis) -> str:
    """All that the queue's server holds, unpacked."""
    return "\n".join(unpacked(part) for key in connection.scan_iter() for part in parts_of(connection, key))


def test_a_forged_function_is_not_run_and_leaves_no_trace_of_its_arguments(
    connection: Redis, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    touched, secret = tmp_path / "touched", "1EG4" + "TE5MK73"
    forged = AllowedJob.create(
        "os.system", (f"touch {touched}; {secret}",), connection=connection, serializer=JSONSerializer
    )
    forged.save()
    _worked(connection, forged)
    assert not touched.exists()
    assert "(not on the list) failed: NotAllowed at" in caplog.text and secret not in caplog.text
    assert forged.get_status() == JobStatus.FAILED
    connection.hdel(forged.key, "data", "description")  # what the forger wrote themselves
    assert "see the run" in _kept(connection) and secret not in _kept(connection)


class Bomb:
    """Runs a command where somebody unpickles it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.path}",)


def test_a_pickled_payload_is_not_opened(connection: Redis, tmp_path: Path) -> None:
    forged = AllowedJob.create("tasks.jobs.load_feed", ("x",), connection=connection, serializer=JSONSerializer)
    forged.save()
    connection.hset(
        forged.key, "data", zlib.compress(pickle.dumps(("tasks.jobs.load_feed", None, [Bomb(tmp_path / "t")], {})))
    )
    _worked(connection, forged)
    assert not (tmp_path / "t").exists()
    assert forged.get_status() == JobStatus.FAILED


@pytest.mark.parametrize("when", ["success", "failure"])
def test_a_forged_callback_is_not_called(
    app: Flask, connection: Redis, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[object] = []
    monkeypatch.setitem(jobs.ALLOWED, "read_altered", lambda *ids: 1 / 0 if when == "failure" else None)
    forged = AllowedJob.create("tasks.jobs.read_altered", ("x",), connection=connection, serializer=JSONSerializer)
    forged.save()
    connection.hset(forged.key, f"{when}_callback_name", "builtins.print")
    monkeypatch.setattr("builtins.print", lambda *args, **kwargs: called.append("print"))
    _worked(connection, forged)
    assert "print" not in called
    assert forged.get_status() == (JobStatus.FINISHED if when == "success" else JobStatus.FAILED)


def test_a_failure_keeps_no_word_of_its_error(
    app: Flask, connection: Redis, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "1EG4" + "TE5MK73"

    def fails(*ids: str) -> None:
        raise ValueError(f"invalid input syntax for type date: {secret}")

    monkeypatch.setitem(jobs.ALLOWED, "read_altered", fails)
    job = AllowedJob.create("tasks.jobs.read_altered", ("x",), connection=connection, serializer=JSONSerializer)
    job.save()
    _worked(connection, job)
    assert "failed: ValueError at" in caplog.text and secret not in caplog.text
    assert "see the run" in _kept(connection) and secret not in _kept(connection)


def test_the_outbox_is_sent_once_and_with_ids_only(app: Flask, connection: Redis, world_user: User) -> None:
    run_id = uuid4()
    with acting(app, Role.FMO_ADMIN, world_user.fmo_id):
        outbox.send_after_commit("load_feed", run_id)
    with app.app_context():
        assert relay.send_waiting(connection) == 1
        assert relay.send_waiting(connection) == 0
    (job,) = queue(connection).jobs
    assert job.func is jobs.load_feed
    assert job.args == (str(world_user.fmo_id), str(run_id)) or job.args == [str(world_user.fmo_id), str(run_id)]


def test_work_waits_in_the_outbox_while_the_queue_is_away(app: Flask, connection: Redis, world_user: User) -> None:
    import redis

    with acting(app, Role.FMO_ADMIN, world_user.fmo_id):
        outbox.send_after_commit("load_feed", uuid4())
    away: Redis = Redis.from_url("unix:///nowhere.sock")
    with app.app_context():
        with pytest.raises(redis.RedisError):
            relay.send_waiting(away)
        assert relay.send_waiting(connection) == 1


def test_what_the_queue_has_lost_is_sent_again(
    app: Flask, connection: Redis, world_user: User, setup_engine: Engine
) -> None:
    with acting(app, Role.FMO_ADMIN, world_user.fmo_id):
        outbox.send_after_commit("load_feed", uuid4())
    with app.app_context():
        relay.send_waiting(connection)
        _age(setup_engine)
        assert relay.send_lost(connection) == 0  # it waits in the queue
        connection.flushdb()
        assert relay.send_lost(connection) == 1
        assert relay.send_waiting(connection) == 1
        [job] = queue(connection).jobs
        row = outbox_id(job.id)
        assert row is not None

        job.set_status(JobStatus.STARTED)
        job.heartbeat(rq_now(), 60)
        connection.delete(queue(connection).key)  # popped, by a worker that lives
        _age(setup_engine)
        assert relay.send_lost(connection) == 0
        job.set_status(JobStatus.FAILED)  # its work-horse died
        jobs.mark_done(row)
        assert relay.send_lost(connection) == 0  # but it had ended by itself


def test_a_job_that_never_ends_is_given_up(
    app: Flask, connection: Redis, world_user: User, setup_engine: Engine
) -> None:
    with acting(app, Role.FMO_ADMIN, world_user.fmo_id):
        outbox.send_after_commit("load_feed", uuid4())
    with app.app_context():
        for _ in range(relay.MOST_TRIES):
            assert relay.send_waiting(connection) == 1
            connection.flushdb()
            _age(setup_engine)
            assert relay.send_lost(connection) == 1
        assert relay.send_waiting(connection) == 0


def _age(engine: Engine) -> None:
    with engine.begin() as work:
        work.execute(text("UPDATE outbox SET sent_at = sent_at - interval '1 minute'"))


def test_rolled_back_work_is_never_sent(app: Flask, connection: Redis, world_user: User) -> None:
    with pytest.raises(ZeroDivisionError), acting(app, Role.FMO_ADMIN, world_user.fmo_id):
        outbox.send_after_commit("load_feed", uuid4())
        _ = 1 / 0
    with app.app_context():
        assert relay.send_waiting(connection) == 0


@pytest.fixture
def world_user(store: object) -> User:
    """An FMO admin."""
    from sqlalchemy.orm import Session

    assert isinstance(store, Session)
    return make.user(store, make.fmo(store), Role.FMO_ADMIN)
