"""Runs: one at a time, whole or not at all, and none lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from portal.book.models import Policy
from portal.businesses.models import Business
from portal.core import row_filter
from portal.extensions import db
from portal.identity.models import Fmo
from portal.sync import operations
from portal.sync.statements import copies, locks
from tests.portal.sync.runs import admin_scope, ask_for_run, carry_out, job_scope, rows, shown, sync, versions
from tests.portal.sync.test_release import feed_scope
from tests.support import builders as make
from tests.support.people import acting


def test_forty_clicks_at_once_make_one_run(app: Flask, business: Business, setup_engine: Engine) -> None:
    def click(_: int) -> bool:
        who = admin_scope(business.fmo_id)
        with acting(app, who):
            fresh = db.session.get_one(Business, (business.fmo_id, business.id))
            return operations.request_run(fresh, "resync", by=who)[1]

    with ThreadPoolExecutor(12) as pool:
        started = list(pool.map(click, range(40)))

    assert started.count(True) == 1
    assert len(rows(setup_engine, "SELECT 1 FROM sync_run")) == len(rows(setup_engine, "SELECT 1 FROM outbox")) == 1


def test_the_same_job_again_changes_nothing(app: Flask, business: Business, setup_engine: Engine) -> None:
    run_id = ask_for_run(app, business)
    assert carry_out(app, business, run_id) == "succeeded"
    assert len(rows(setup_engine, "SELECT 1 FROM outbox WHERE job = 'find_duplicates'")) == 1
    before, entries = versions(setup_engine), len(rows(setup_engine, "SELECT 1 FROM access_entry"))

    assert carry_out(app, business, run_id) == "succeeded"

    assert versions(setup_engine) == before
    assert len(rows(setup_engine, "SELECT 1 FROM access_entry")) == entries


def test_the_same_job_twice_at_once_counts_once(app: Flask, business: Business, setup_engine: Engine) -> None:
    run_id = ask_for_run(app, business)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: carry_out(app, business, run_id), range(4)))

    assert set(answers) <= {"succeeded", "running"} and "succeeded" in answers
    assert len(rows(setup_engine, "SELECT 1 FROM access_entry WHERE action = 'policy.disclosed'")) == 3
    assert len(shown(setup_engine, business)) == 3


def test_a_run_that_breaks_leaves_the_account_as_it_was(
    app: Flask, business: Business, setup_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: Any) -> None:
        raise RuntimeError("Mae Member 1EG4-TE5-MK73")

    run_id = ask_for_run(app, business)
    with monkeypatch.context() as patch:
        patch.setattr(copies, "stamp", break_down)
        assert carry_out(app, business, run_id) == "failed"

    [run] = rows(setup_engine, "SELECT status, error FROM sync_run")
    assert run.status == "failed" and "Nothing in the account was changed" in run.error and "Mae" not in run.error
    assert shown(setup_engine, business) == set()
    assert rows(setup_engine, "SELECT 1 FROM access_entry WHERE action = 'policy.disclosed'") == []


def test_a_worker_that_was_overtaken_writes_nothing(
    app: Flask, business: Business, setup_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = ask_for_run(app, business)
    stamp = copies.stamp

    def overtaken(*given: Any) -> None:
        with setup_engine.begin() as connection:
            connection.execute(text("UPDATE sync_run SET fence = fence + 1"))
        stamp(*given)

    with monkeypatch.context() as patch:
        patch.setattr(copies, "stamp", overtaken)
        assert carry_out(app, business, run_id) == "running"
    assert shown(setup_engine, business) == set()

    assert carry_out(app, business, run_id) == "succeeded"  # who took it over


def test_a_run_whose_worker_died_is_sent_again(app: Flask, business: Business, setup_engine: Engine) -> None:
    run_id = ask_for_run(app, business)
    with setup_engine.begin() as connection:
        connection.execute(text("UPDATE outbox SET sent_at = now()"))
        connection.execute(
            text(
                "UPDATE sync_run SET status = 'running', fence = 1, attempt = 1, heartbeat_at = now() - interval '21 s'"
            )
        )
    with app.app_context():
        with db.engines["jobs"].connect() as living:
            assert locks.try_run(living, business.id)
            with setup_engine.begin() as connection:
                connection.execute(text("UPDATE sync_run SET heartbeat_at = now() - interval '10 s'"))
            assert operations.reap() == 0  # not heard of for a while, but its connection lives
            locks.leave_run(living, business.id)
        assert operations.reap() == 1
        assert operations.reap() == 0

    assert rows(setup_engine, "SELECT status, fence FROM sync_run") == [("queued", 2)]
    assert len(rows(setup_engine, "SELECT 1 FROM outbox WHERE sent_at IS NULL")) == 1
    assert carry_out(app, business, run_id) == "succeeded"


def test_a_run_that_never_began_is_sent_again(app: Flask, business: Business, setup_engine: Engine) -> None:
    ask_for_run(app, business)
    with setup_engine.begin() as connection:
        connection.execute(text("UPDATE sync_run SET requested_at = now() - interval '61 s'"))
    with app.app_context():
        assert operations.reap() == 0  # its row has not left the outbox
    with setup_engine.begin() as connection:
        connection.execute(text("UPDATE outbox SET sent_at = now(), done_at = now()"))
    with app.app_context():
        assert operations.reap() == 1


def test_a_run_begins_no_more_once_sync_is_disabled(app: Flask, business: Business, setup_engine: Engine) -> None:
    run_id = ask_for_run(app, business)
    with setup_engine.begin() as connection:
        connection.execute(text("UPDATE business SET sync_enabled = false"))

    assert carry_out(app, business, run_id) == "failed"

    assert "disabled" in rows(setup_engine, "SELECT error FROM sync_run")[0].error
    assert shown(setup_engine, business) == set()
    with acting(app, admin_scope(business.fmo_id)) as who, pytest.raises(operations.SyncOff):
        operations.request_run(db.session.get_one(Business, (business.fmo_id, business.id)), "resync", by=who)


def test_a_run_begins_no_more_once_the_agreement_ended(
    app: Flask, business: Business, store: Session, setup_engine: Engine
) -> None:
    run_id = ask_for_run(app, business)
    store.get_one(Fmo, business.fmo_id).rules = {"agreements": "block"}
    store.commit()
    assert carry_out(app, business, run_id) == "failed"
    [run] = rows(setup_engine, "SELECT error FROM sync_run")
    assert "No agreement with" in run.error and "Nothing in the account was changed." in run.error
    assert shown(setup_engine, business) == set()


def test_a_policy_that_moves_during_the_run_ends_outside(app: Flask, business: Business, setup_engine: Engine) -> None:
    """A feed that has moved a policy, but is not committed yet, waits for the run, and the run for it."""
    run_id = ask_for_run(app, business)
    [moving, *_] = rows(setup_engine, "SELECT id FROM policy ORDER BY id")

    with ThreadPoolExecutor(1) as pool:
        with acting(app, feed_scope(business.fmo_id)):
            policy = db.session.scalars(select(Policy).where(Policy.id == moving.id)).one()
            policy.writing_npn = "1002"
            assert operations.release_policies([policy.id]) == 0
            working = pool.submit(carry_out, app, business, run_id)
            with pytest.raises(TimeoutError):
                working.result(timeout=1.0)  # it copies nothing while the feed is open
        assert working.result(timeout=20) == "succeeded"

    assert moving.id not in shown(setup_engine, business) and len(shown(setup_engine, business)) == 2


def test_a_release_waits_for_the_run_that_copies(
    app: Flask, business: Business, setup_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = ask_for_run(app, business)
    [moving, *_] = rows(setup_engine, "SELECT id FROM policy ORDER BY id")
    stamp, pool = copies.stamp, ThreadPoolExecutor(1)

    def move() -> int:
        with acting(app, feed_scope(business.fmo_id)):
            policy = db.session.scalars(select(Policy).where(Policy.id == moving.id)).one()
            policy.writing_npn = "1002"
            return operations.release_policies([policy.id])

    waiting: list[Any] = []

    def copied(*given: Any) -> None:
        waiting.append(pool.submit(move))
        with pytest.raises(TimeoutError):
            waiting[0].result(timeout=1.0)
        stamp(*given)

    with pool, monkeypatch.context() as patch:
        patch.setattr(copies, "stamp", copied)
        assert carry_out(app, business, run_id) == "succeeded"
        assert waiting[0].result(timeout=20) == 1

    assert moving.id not in shown(setup_engine, business)


def test_the_wall_holds_where_a_statement_forgets(app: Flask, store: Session, setup_engine: Engine) -> None:
    fmo = make.fmo(store)
    mine, neighbour = (make.business(store, make.agent(store, fmo, npn)) for npn in ("1001", "1002"))
    feed = make.feed_run(store, fmo)
    for npn in ("1001", "1002"):
        make.policy(store, make.member(store, fmo), feed, npn)
    for business in (mine, neighbour):
        sync(app, store, business)
    with acting(app, job_scope(mine)), row_filter.off_for_tests():
        for table in ("crm_policy", "contact", "contact_source", "contact_key"):
            seen = db.session.execute(text(f"SELECT DISTINCT business_id FROM {table}")).scalars().all()
            assert seen == [mine.id]
        db.session.execute(text("UPDATE crm_policy SET status = 'forgotten'"))
    assert sorted(r.status for r in rows(setup_engine, "SELECT status FROM crm_policy")) == ["active", "forgotten"]
    with pytest.raises(DBAPIError), acting(app, job_scope(mine)):
        db.session.execute(
            text("INSERT INTO contact (fmo_id, business_id, id) VALUES (:fmo, :other, uuidv7())"),
            {"fmo": fmo.id, "other": neighbour.id},
        )


def test_disclosures_name_who_asked(app: Flask, business: Business, setup_engine: Engine) -> None:
    carry_out(app, business, ask_for_run(app, business))
    [entry] = rows(setup_engine, "SELECT DISTINCT actor_name, role FROM access_entry WHERE action = 'policy.disclosed'")
    assert tuple(entry) == ("Test Admin", "fmo_admin")
