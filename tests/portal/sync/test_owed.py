"""Invitations that hang on runs: each goes out once, whatever becomes of the runs, and to nobody who is gone."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from portal.activities.models import Activity
from portal.businesses.models import Business
from portal.core.scope import Role
from portal.extensions import db
from portal.identity.models import Fmo, User
from portal.sync import operations, queries
from portal.sync.models import SyncRun
from tests.portal.sync.runs import admin_scope, ask_for_run, carry_out, rows
from tests.portal.sync.test_ending import cancel, request
from tests.support import builders as make
from tests.support import crm_builders as crm
from tests.support.people import acting


@pytest.fixture
def person(store: Session, business: Business) -> User:
    return make.user(store, store.get_one(Fmo, business.fmo_id), Role.AGENT_ALL, business, state="invited")


def invitations(engine: Engine) -> list[UUID]:
    return [row.user_id for row in rows(engine, "SELECT user_id FROM invitation")]


def requested(engine: Engine, run_id: UUID, when: str) -> None:
    """Whoever asked for the run began to at that time: the moment is that of their transaction's beginning."""
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE sync_run SET requested_at = now() + interval '{when}' WHERE id = '{run_id}'"))


def test_whoever_began_to_ask_before_another_run_was_asked_for_is_owed(
    app: Flask, business: Business, person: User, setup_engine: Engine
) -> None:
    assert carry_out(app, business, ask_for_run(app, business)) == "succeeded"
    missed, _ = request(app, business, person.id)
    requested(setup_engine, missed, "-1 hour")
    cancel(app, business, missed)
    with acting(app, admin_scope(business.fmo_id)):
        last = db.session.scalars(select(SyncRun).where(SyncRun.id == missed)).one()
        assert queries.later(last) is None, "it is the last one, and can be retried"
    assert carry_out(app, business, ask_for_run(app, business)) == "succeeded"
    assert invitations(setup_engine) == [person.id]


def test_whoever_was_invited_by_a_run_that_was_begun_early_is_not_invited_again(
    app: Flask, business: Business, person: User, setup_engine: Engine
) -> None:
    missed, _ = request(app, business, person.id)
    cancel(app, business, missed)
    for _ in range(2):
        later = ask_for_run(app, business)
        requested(setup_engine, later, "-1 hour")
        assert carry_out(app, business, later) == "succeeded"
    assert invitations(setup_engine) == [person.id]


def test_a_retry_that_meets_the_run_that_pays_invites_nobody_again(
    app: Flask, business: Business, person: User, setup_engine: Engine
) -> None:
    """Retry was clicked when there was no later run yet; by now one is under way and then has its invitations sent."""
    missed, _ = request(app, business, person.id)
    cancel(app, business, missed)
    later = ask_for_run(app, business)
    assert request(app, business, person.id) == (later, False)
    assert carry_out(app, business, later) == "succeeded"
    [following] = rows(setup_engine, "SELECT id FROM sync_run WHERE status = 'queued'")
    assert carry_out(app, business, following.id) == "succeeded"
    assert invitations(setup_engine) == [person.id]


@pytest.mark.parametrize("change", ["state = 'deactivated'", "state = 'active'", "business_id = :other"])
def test_who_is_gone_or_in_already_is_not_invited(
    app: Flask, business: Business, person: User, store: Session, setup_engine: Engine, change: str
) -> None:
    other = make.business(store, make.agent(store, store.get_one(Fmo, business.fmo_id)))
    run_id, _ = request(app, business, person.id)
    with setup_engine.begin() as connection:
        values: dict[str, Any] = {"other": other.id} if ":other" in change else {}
        connection.execute(text(f"UPDATE portal_user SET {change} WHERE id = '{person.id}'"), values)
    assert carry_out(app, business, run_id) == "succeeded"
    assert invitations(setup_engine) == []


def test_an_npn_that_comes_back_beside_the_run_that_invites_its_user_gets_a_run_of_its_own(
    app: Flask, business: Business, person: User, store: Session, setup_engine: Engine
) -> None:
    """The run under way may have read the NPNs before; but the person is invited once."""
    first, _ = request(app, business, person.id)
    click = crm.activity(store, business, person, "Added again")
    for _ in range(2):
        assert _request_by(app, business, person, click) == (first, False)
    assert carry_out(app, business, first) == "succeeded"
    [following] = rows(setup_engine, "SELECT id, activity_id, invite_user_id FROM sync_run WHERE status = 'queued'")
    assert (following.activity_id, following.invite_user_id) == (click.id, None)
    assert carry_out(app, business, following.id) == "succeeded"
    assert invitations(setup_engine) == [person.id]


def _request_by(app: Flask, business: Business, person: User, click: Activity) -> tuple[UUID, bool]:
    with acting(app, admin_scope(business.fmo_id)) as who:
        fresh = db.session.scalars(select(Business).where(Business.id == business.id)).one()
        activity = db.session.scalars(select(Activity).where(Activity.id == click.id)).one()
        run, started = operations.request_run(fresh, "add_agent", by=who, activity=activity, invite_user=person.id)
        return run.id, started
