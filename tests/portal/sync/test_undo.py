"""Undoing a feed run takes its copies out of the accounts in the same transaction, in every mode."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from portal.book.models import FeedRun, Policy
from portal.book.operations import request_load, run_feed
from portal.businesses.models import Business
from portal.core import access, scope
from portal.extensions import db
from portal.identity.models import Fmo, User
from tests.portal.book.conftest import hold_nothing, jobs_scope
from tests.portal.book.rows import aetna, person
from tests.portal.book.undoing import order, work_off
from tests.portal.sync.runs import rows, shown, sync
from tests.support import builders as make


def load(app: Flask, store: Session, fmo: Fmo, body: bytes, day: str) -> FeedRun:
    """Hand a file in and load it, as the worker does."""
    with app.app_context(), scope.acting(jobs_scope(fmo)):
        run = request_load(body=body, file_name=f"book_{day}.csv", connector=None, dry_run=False, by="Test")
        access.write_entries()
        db.session.commit()
    with app.app_context(), scope.acting(jobs_scope(fmo)):
        run_feed(run.id)
    store.rollback()
    return store.scalars(select(FeedRun).where(FeedRun.id == run.id)).one()


@pytest.fixture
def accounts(store: Session) -> tuple[Fmo, Business, Business]:
    """Two accounts of two agents."""
    fmo = make.fmo(store)
    hold_nothing(store, fmo)
    amy, nora = (make.business(store, make.agent(store, fmo, npn)) for npn in ("1001001", "2002002"))
    return fmo, amy, nora


def _written_by(npn: str) -> Callable[[int], dict[str, str]]:
    return lambda n: person(n, **{"Writing Agent NPN": npn})


def test_copies_leave_with_the_undo_and_come_back_with_a_run(
    app: Flask, store: Session, setup_engine: Engine, accounts: tuple[Fmo, Business, Business]
) -> None:
    """New ones leave who had them; a moved one leaves its new account, and the old one gets it by its next run."""
    fmo, amy, nora = accounts
    hers, others = _written_by("1001001"), _written_by("2002002")
    load(app, store, fmo, aetna(hers(1), hers(2)), "20261101")
    before: dict[int, UUID] = dict(enumerate(store.scalars(select(Policy.id).order_by(Policy.member_number))))
    sync(app, store, amy)
    second = load(app, store, fmo, aetna(hers(1), others(2), others(3), hers(4)), "20261201")
    for account in (amy, nora):
        sync(app, store, account)
    assert len(shown(setup_engine, amy)) == len(shown(setup_engine, nora)) == 2

    work_off(app, fmo, order(app, fmo, second))
    assert shown(setup_engine, amy) == {before[0]} and shown(setup_engine, nora) == set()
    assert not rows(setup_engine, f"SELECT id FROM contact WHERE NOT hidden AND business_id <> '{amy.id}'")
    sync(app, store, amy)
    sync(app, store, nora)
    assert shown(setup_engine, amy) == set(before.values()) and shown(setup_engine, nora) == set()


def test_the_page_says_who_was_served(
    app: Flask,
    store: Session,
    accounts: tuple[Fmo, Business, Business],
    client_for: Callable[[User], FlaskClient],
) -> None:
    fmo, amy, nora = accounts
    hers, others = _written_by("1001001"), _written_by("2002002")
    load(app, store, fmo, aetna(hers(1)), "20261101")
    second = load(app, store, fmo, aetna(hers(1), hers(2), hers(3), others(4)), "20261201")
    sync(app, store, amy)
    page = client_for(make.user(store, fmo)).get(f"/fmo/feeds/{second.id}/undo")
    assert page.status_code == 200 and amy.name in page.text and nora.name not in page.text
    assert "3 policies that came with this run leave the book" in page.text
    assert 'data-label="Copies taken back"><span class="figure">2</span></td>' in " ".join(page.text.split())
