"""Workers that die, stop or are told to stop in the middle of a run: the account ends as after an undisturbed one."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from portal.businesses.models import Business
from portal.core.scope import Role
from portal.identity.models import Fmo, User
from tests.faults.accounts import account, at_work, content, held_up, run_of, wait_for, wait_until_held
from tests.faults.crew import Crew, Took, freeze, gone, thaw, until
from tests.portal.sync.runs import ask_for_run, versions
from tests.support import builders as make

TAKEN_UP = 30.0  # seconds


@pytest.fixture
def disturbed(store: Session) -> Business:
    """The account whose run is disturbed."""
    return account(store, "disturbed")


@pytest.fixture
def undisturbed(store: Session) -> Business:
    """Its twin."""
    return account(store, "undisturbed")


def ends_alike(app: Flask, engine: Engine, disturbed: Business, undisturbed: Business) -> None:
    """The twin's own run, which nobody disturbs, gives the same; a further run of it changes nothing."""
    wait_for(engine, ask_for_run(app, undisturbed), "succeeded")
    assert content(engine, disturbed.id) == content(engine, undisturbed.id)
    assert content(engine, disturbed.id)["crm_policy"]
    before = versions(engine)
    wait_for(engine, ask_for_run(app, disturbed), "succeeded")
    assert versions(engine) == before


@pytest.mark.parametrize("victims", ["horse", "parent", "both"])
def test_a_killed_worker(
    victims: str, crew: Crew, app: Flask, disturbed: Business, undisturbed: Business, setup_engine: Engine, took: Took
) -> None:
    with held_up(setup_engine):
        run_id = ask_for_run(app, disturbed)
        wait_until_held(setup_engine)
        worker, horse = crew.horse(run_id)
        if victims in ("parent", "both"):
            worker.send_signal(signal.SIGKILL)
        if victims in ("horse", "both"):
            horse.kill()
        killed = time.monotonic()
        until(lambda: gone(horse), "the work-horse's end", 10)  # an orphan would finish beside its successor
        until(lambda: run_of(setup_engine, run_id).attempt == 2, "a second attempt", TAKEN_UP)
        taken_up = time.monotonic() - killed
        wait_until_held(setup_engine)
        until(lambda: at_work(setup_engine) == 1, "one transaction at work")
    done = wait_for(setup_engine, run_id, "succeeded", "failed")
    assert (done.status, done.attempt) == ("succeeded", 2), done.error
    ends_alike(app, setup_engine, disturbed, undisturbed)
    assert taken_up < TAKEN_UP
    took(f"worker killed ({victims}): taken up", taken_up)


def test_a_stopped_worker_that_wakes_up(
    crew: Crew, app: Flask, disturbed: Business, undisturbed: Business, setup_engine: Engine, took: Took
) -> None:
    with held_up(setup_engine):
        run_id = ask_for_run(app, disturbed)
        wait_until_held(setup_engine)
        worker, horse = crew.horse(run_id)
        freeze(worker.pid, horse.pid)
        stopped = time.monotonic()
        with setup_engine.begin() as connection:  # as if it had been stopped ten seconds ago
            connection.execute(text("UPDATE sync_run SET heartbeat_at = heartbeat_at - interval '10 s'"))
        until(lambda: run_of(setup_engine, run_id).attempt == 2, "a second attempt", TAKEN_UP)
        taken_up = time.monotonic() - stopped
        wait_until_held(setup_engine)
        until(lambda: at_work(setup_engine) == 1, "one transaction at work")
    assert wait_for(setup_engine, run_id, "succeeded", "failed").status == "succeeded"
    before = versions(setup_engine)
    said = len(crew.said())
    thaw(worker.pid, horse.pid)
    until(lambda: gone(horse), "the woken work-horse's end")
    assert versions(setup_engine) == before
    assert run_of(setup_engine, run_id).status == "succeeded"
    assert "Traceback" not in crew.said()[said:]
    ends_alike(app, setup_engine, disturbed, undisturbed)
    took("worker stopped: taken up", taken_up + 10)


def test_a_cancelled_run(
    crew: Crew,
    app: Flask,
    store: Session,
    disturbed: Business,
    undisturbed: Business,
    client_for: Callable[[User], FlaskClient],
    setup_engine: Engine,
    took: Took,
) -> None:
    admin = client_for(make.user(store, store.get_one(Fmo, disturbed.fmo_id), Role.FMO_ADMIN))
    with held_up(setup_engine):
        run_id = ask_for_run(app, disturbed)
        wait_until_held(setup_engine)
        _, horse = crew.horse(run_id)
        assert "Cancel the run" in admin.get(f"/fmo/runs/{run_id}").text
        clicked = time.monotonic()
        assert admin.post(f"/fmo/runs/{run_id}/cancel").status_code == 303
        until(lambda: at_work(setup_engine) == 0, "the statement's end")
        stopped = time.monotonic() - clicked
        until(lambda: gone(horse), "the work-horse's end")
    page = admin.get(f"/fmo/runs/{run_id}").text
    assert "Cancelled" in page and "cancelled this run. Nothing in the account was changed." in page
    assert content(setup_engine, disturbed.id)["contact"] == []
    assert stopped < 5  # two on a machine at rest
    again = admin.post(f"/fmo/runs/{run_id}/retry")
    assert again.status_code == 303
    wait_for(setup_engine, again.headers["Location"].rpartition("/")[2], "succeeded")
    ends_alike(app, setup_engine, disturbed, undisturbed)
    took("run cancelled: its statement ended", stopped)
