"""A load counts the tables that it fills, so that no statistics taken meanwhile say that they are empty."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from portal.book.statements.counted import MANY, SHARE, count_anew
from portal.core import scope
from portal.extensions import db
from portal.identity.models import Fmo
from tests.portal.book.conftest import jobs_scope

LOCKED = text(
    "SELECT count(*) FROM pg_locks WHERE relation = 'member'::regclass AND mode = 'ShareUpdateExclusiveLock'"
    " AND pid = pg_backend_pid()"
)
ALL = 10**9  # rows beside which all others are few


def test_the_server_s_own_statistics_wait_for_the_load(app: Flask, fmo: Fmo) -> None:
    """Its lock is held until the load ends."""
    with app.app_context(), scope.acting(jobs_scope(fmo)):
        assert count_anew("member", ALL)
        assert db.session.scalar(LOCKED) == 1
        db.session.rollback()


def test_a_load_goes_on_beside_another(app: Flask, fmo: Fmo, store: Session) -> None:
    """Without counting, and with its own patience as before."""
    store.execute(text("LOCK TABLE member IN SHARE UPDATE EXCLUSIVE MODE"))
    with app.app_context(), scope.acting(jobs_scope(fmo)):
        before = db.session.scalar(text("SHOW lock_timeout"))
        assert not count_anew("member", ALL)
        assert db.session.scalar(text("SHOW lock_timeout")) == before
        db.session.rollback()
    store.rollback()


def test_few_rows_are_not_worth_it(app: Flask, fmo: Fmo) -> None:
    """Nor are those that are few beside the table's."""
    with app.app_context(), scope.acting(jobs_scope(fmo)):
        db.session.execute(text("SELECT 1"))
        assert not count_anew("member", MANY - 1)
        held = db.session.scalar(text("SELECT reltuples FROM pg_class WHERE relname = 'pg_attribute'"))
        assert held > 2 * SHARE and not count_anew("pg_attribute", int(held) // SHARE - 1)
        assert db.session.scalar(LOCKED) == 0
        db.session.rollback()
