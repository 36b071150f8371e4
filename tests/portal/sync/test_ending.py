"""How runs end: cancelled, taken from a worker that stopped, followed by what was asked for meanwhile."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from portal.businesses.models import Business
from portal.core.scope import Role
from portal.extensions import db
from portal.identity.models import Fmo, User
from portal.sync import operations
from portal.sync.models import SyncRun
from portal.sync.operations import failures, heartbeat
from portal.sync.statements import copies, locks
from tests.portal.sync.runs import admin_scope, ask_for_run, carry_out, job_scope, rows, shown
from tests.support import builders as make
from tests.support.people import acting

SLOW = "SELECT pg_sleep(60)"


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run whose copying takes a minute inside the database, until the test takes that back."""
    stamp = copies.stamp

    def sleep(*given: Any) -> None:
        db.session.execute(text(SLOW))
        stamp(*given)

    monkeypatch.setattr(copies, "stamp", sleep)


def cancel(app: Flask, business: Business, run_id: UUID) -> bool:
    with acting(app, admin_scope(business.fmo_id)) as who:
        run = db.session.scalars(select(SyncRun).where(SyncRun.id == run_id)).one()
        return operations.cancel(run, by=who)


def wait_until_asleep(setup_engine: Engine) -> None:
    deadline = time.monotonic() + 20
    asleep = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
    while not rows(setup_engine, asleep):
        assert time.monotonic() < deadline, "the run never reached its slow statement"
        time.sleep(0.05)


def request(app: Flask, business: Business, invite: UUID | None) -> tuple[UUID, bool]:
    with acting(app, admin_scope(business.fmo_id)) as who:
        fresh = db.session.scalars(select(Business).where(Business.id == business.id)).one()
        run, started = operations.request_run(fresh, "add_agent", by=who, invite_user=invite)
        return run.id, started


def test_a_queued_run_is_cancelled_at_once(app: Flask, business: Business, setup_engine: Engine) -> None:
    run_id = ask_for_run(app, business)
    assert cancel(app, business, run_id)
    assert carry_out(app, business, run_id) == "cancelled"
    assert not cancel(app, business, run_id)
    [run] = rows(setup_engine, "SELECT cancelled_by, error, finished_at FROM sync_run")
    assert run.cancelled_by == "Test Admin" and "Test Admin cancelled" in run.error and run.finished_at
    assert shown(setup_engine, business) == set()
    assert len(rows(setup_engine, "SELECT 1 FROM access_entry WHERE action = 'sync.cancel'")) == 1


def test_a_running_run_stops_inside_a_long_statement(
    app: Flask,
    business: Business,
    setup_engine: Engine,
    slow: None,
) -> None:
    run_id = ask_for_run(app, business)
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(carry_out, app, business, run_id)
        wait_until_asleep(setup_engine)
        began = time.monotonic()
        assert cancel(app, business, run_id)
        assert working.result(timeout=20) == "cancelled"
        assert time.monotonic() - began < 5  # two on a machine at rest
    assert shown(setup_engine, business) == set()


def test_a_run_after_a_cancelled_one_waits_for_its_worker(
    app: Flask,
    business: Business,
    setup_engine: Engine,
    slow: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = ask_for_run(app, business)
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(carry_out, app, business, first)
        wait_until_asleep(setup_engine)
        cancel(app, business, first)
        monkeypatch.undo()
        assert carry_out(app, business, ask_for_run(app, business)) == "succeeded"
        assert working.result(timeout=20) == "cancelled"
    assert len(shown(setup_engine, business)) == 3


def _reaped(app: Flask) -> int:
    """What the relay's next rounds send again: the first one leaves out a row whose holder has not let go yet."""
    for _ in range(50):
        with app.app_context():
            if found := operations.reap():
                return found
        time.sleep(0.1)
    return 0


def test_a_worker_that_stopped_loses_its_connections(
    app: Flask,
    business: Business,
    setup_engine: Engine,
    slow: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_id = ask_for_run(app, business)
    with monkeypatch.context() as patch, ThreadPoolExecutor(1) as pool:
        patch.setattr(heartbeat.Heartbeat, "_look", lambda self: None)  # shows no sign of life
        working = pool.submit(carry_out, app, business, run_id)
        wait_until_asleep(setup_engine)
        with app.app_context():
            assert operations.reap() == 0
        with setup_engine.begin() as connection:
            connection.execute(text("UPDATE sync_run SET heartbeat_at = now() - interval '21 s'"))
        assert _reaped(app) == 1
        working.result(timeout=20)  # it wakes up and ends quietly
    assert rows(setup_engine, "SELECT status, fence FROM sync_run") == [("queued", 2)]
    assert shown(setup_engine, business) == set()
    monkeypatch.undo()
    assert carry_out(app, business, run_id) == "succeeded"
    assert len(shown(setup_engine, business)) == 3


def test_only_jobs_connections_of_that_business_are_ended(
    app: Flask,
    business: Business,
    store: Session,
    setup_engine: Engine,
) -> None:
    neighbour = make.business(store, make.agent(store, make.fmo(store), "2002"))
    with app.app_context(), db.engines["jobs"].connect() as other, setup_engine.connect() as owner:
        assert locks.try_run(other, neighbour.id) and locks.try_run(owner, business.id)
        with acting(app, job_scope(business)):
            assert locks.end_holders(business.id) == 0
        assert other.execute(text("SELECT 1")).scalar() == owner.execute(text("SELECT 1")).scalar() == 1


def test_work_for_an_added_agent_follows_the_run_under_way(
    app: Flask,
    business: Business,
    store: Session,
    setup_engine: Engine,
) -> None:
    person, second = (_invited(store, business) for _ in range(2))
    first = ask_for_run(app, business)
    for who in (person, person, second):
        assert request(app, business, who.id) == (first, False)
    assert rows(setup_engine, "SELECT 1 FROM invitation") == []

    assert carry_out(app, business, first) == "succeeded"
    for who in (person, second):
        [following] = rows(setup_engine, "SELECT id, reason, invite_user_id FROM sync_run WHERE status = 'queued'")
        assert (following.reason, following.invite_user_id) == ("add_agent", who.id)
        assert carry_out(app, business, following.id) == "succeeded"
        assert rows(setup_engine, f"SELECT 1 FROM invitation WHERE user_id = '{who.id}'")
    assert len(rows(setup_engine, "SELECT 1 FROM sync_run")) == 3


def test_what_was_asked_for_follows_a_cancelled_run_too(
    app: Flask,
    business: Business,
    store: Session,
    setup_engine: Engine,
) -> None:
    first = ask_for_run(app, business)
    request(app, business, _invited(store, business).id)
    cancel(app, business, first)
    states = rows(setup_engine, "SELECT status FROM sync_run ORDER BY requested_at")
    assert [run.status for run in states] == ["cancelled", "queued"]


def test_an_invitation_outlives_a_cancelled_run(
    app: Flask,
    business: Business,
    store: Session,
    setup_engine: Engine,
) -> None:
    person = _invited(store, business)
    first, _ = request(app, business, person.id)
    cancel(app, business, first)
    again = ask_for_run(app, business)  # any later run
    assert carry_out(app, business, again) == "succeeded"
    assert len(rows(setup_engine, "SELECT 1 FROM invitation")) == 1


def test_an_invitation_outlives_a_cancelled_run_that_another_follows(
    app: Flask, business: Business, store: Session, setup_engine: Engine
) -> None:
    one, two = _invited(store, business), _invited(store, business)
    first, _ = request(app, business, one.id)
    assert request(app, business, two.id) == (first, False)
    cancel(app, business, first)
    [following] = rows(setup_engine, "SELECT id FROM sync_run WHERE status = 'queued'")
    assert carry_out(app, business, following.id) == "succeeded"
    assert {row.user_id for row in rows(setup_engine, "SELECT user_id FROM invitation")} == {one.id, two.id}
    assert carry_out(app, business, ask_for_run(app, business)) == "succeeded"
    assert len(rows(setup_engine, "SELECT 1 FROM invitation")) == 2  # once


def _invited(store: Session, business: Business) -> User:
    return make.user(store, store.get_one(Fmo, business.fmo_id), Role.AGENT_ALL, business, state="invited")


@pytest.mark.parametrize(
    ("state", "words"),
    [("53100", "disk is full"), ("53200", "out of memory"), ("40P01", "waited"), ("22003", "finish")],
)
def test_a_database_error_is_a_sentence(state: str, words: str) -> None:
    class Refused(Exception):
        sqlstate = state

    error = OperationalError("INSERT …", {}, Refused("1EG4-TE5-MK73"))
    said = failures.sentence(error)
    assert words in said and failures.KEPT in said and "Retry" in said and "1EG4" not in said
