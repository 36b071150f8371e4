"""Continuous sync: off by default; where it is on, the accounts concerned follow each change, and no others."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from portal.book import hooks
from portal.businesses.models import Business
from portal.core import access
from portal.extensions import db
from portal.identity.models import Fmo
from portal.sync import operations
from tests.portal.sync.runs import admin_scope, ask_for_run, rows, sync
from tests.portal.sync.test_release import feed_scope
from tests.support import builders as make
from tests.support.people import acting


def follow(app: Flask, fmo: Fmo) -> int:
    """The job that follows a change of the book."""
    with acting(app, feed_scope(fmo.id)):
        started = operations.follow()
        access.write_entries()
        db.session.commit()
        return started


def queued(engine: Engine) -> list[Any]:
    found = rows(engine, "SELECT business_id, reason, requested_by FROM sync_run WHERE status = 'queued'")
    return [tuple(row) for row in found]


@pytest.fixture
def fmo(store: Session) -> Fmo:
    return make.fmo(store)


@pytest.fixture
def accounts(app: Flask, store: Session, fmo: Fmo) -> list[Business]:
    """Two continuous accounts and one that is not, each synced with one policy."""
    feed = make.feed_run(store, fmo)
    made = []
    for npn in ("1001", "1002", "1003"):
        made.append(make.business(store, make.agent(store, fmo, npn), continuous=npn != "1003"))
        make.policy(store, make.member(store, fmo), feed, npn)
        sync(app, store, made[-1])
    return made


def test_only_accounts_concerned_follow(
    app: Flask, store: Session, fmo: Fmo, accounts: list[Business], setup_engine: Engine
) -> None:
    assert follow(app, fmo) == 0
    feed = make.feed_run(store, fmo)
    for npn in ("1001", "1003", None):
        make.policy(store, make.member(store, fmo), feed, npn)

    assert follow(app, fmo) == 1

    assert queued(setup_engine) == [(accounts[0].id, "continuous", "Continuous sync")]
    assert follow(app, fmo) == 0  # a burst of files asks once
    assert len(queued(setup_engine)) == 1


def test_what_comes_during_a_run_is_looked_at_again(
    app: Flask, store: Session, fmo: Fmo, accounts: list[Business], setup_engine: Engine
) -> None:
    ask_for_run(app, accounts[1])
    store.execute(text("UPDATE sync_run SET status = 'running' WHERE status = 'queued'"))
    store.commit()
    make.policy(store, make.member(store, fmo), make.feed_run(store, fmo), "1002")

    assert follow(app, fmo) == 0

    [again] = rows(setup_engine, "SELECT due_at > now() AS later FROM outbox WHERE job = 'follow_book'")
    assert again.later


def test_a_business_that_may_not_be_synced_does_not_follow(
    app: Flask, store: Session, fmo: Fmo, accounts: list[Business], setup_engine: Engine
) -> None:
    accounts[0].sync_enabled = False
    accounts[1].agreement_signed_on, accounts[1].agreement_until = date(2020, 1, 1), date(2021, 1, 1)
    fmo.rules = {"agreements": "block"}
    store.commit()
    for npn in ("1001", "1002"):
        make.policy(store, make.member(store, fmo), make.feed_run(store, fmo), npn)

    assert follow(app, fmo) == 0
    assert queued(setup_engine) == []


def test_a_change_of_the_book_calls_for_following_only_where_somebody_follows(
    app: Flask, store: Session, fmo: Fmo, accounts: list[Business], setup_engine: Engine
) -> None:
    sent = "SELECT args FROM outbox WHERE job = 'follow_book'"
    for scope in (admin_scope(fmo.id), feed_scope(fmo.id)):
        with acting(app, scope):
            hooks.changed()
            db.session.commit()
    assert [row.args for row in rows(setup_engine, sent)] == [[str(fmo.id)]] * 2
    store.execute(text("UPDATE business SET continuous = false"))
    store.commit()
    with acting(app, admin_scope(fmo.id)):
        hooks.changed()
        db.session.commit()
    assert len(rows(setup_engine, sent)) == 2
