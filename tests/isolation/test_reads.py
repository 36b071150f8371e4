"""Two filters and a wall: each is taken away in turn, and what is left must still keep everybody to their own rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import ProgrammingError

from portal.core import row_filter, scope
from portal.core.models import Base, BusinessOwned, Global
from portal.core.scope import Login, Role, Scope
from portal.core.session import TenantSession, open_session
from portal.crm.models import Contact, CrmPolicy, Note
from portal.extensions import db
from tests.isolation.ground import Ground
from tests.support.people import scope_of, scope_of_user
from tests.support.web import the_app

pytestmark = pytest.mark.shared_data
SCOPES = ("fmo", "agent", "limited", "compliance", "emergency", "jobs")
MODES = ("both", "filter off", "wall off")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test a model with an owner."""
    if "model" in metafunc.fixturenames:
        the_app()
        owned: list[type[Any]] = [m.class_ for m in Base.registry.mappers if not issubclass(m.class_, Global)]
        models = sorted(owned, key=lambda model: str(model.__name__))
        metafunc.parametrize("model", models, ids=[model.__name__ for model in models])


def _scope(ground: Ground, name: str) -> Scope:
    world = ground.world
    if name == "jobs":
        return scope_of(Role.SYSTEM, world.summit.fmo, world.amy.business)
    if name == "emergency":  # of the administrator in Amy's account, see the ground
        login, business_id = Login.EMERGENCY, world.amy.business.id
        return replace(scope_of_user(world.summit.admin), login=login, role=Role.EMERGENCY, business_id=business_id)
    users = {"fmo": world.summit.admin, "agent": world.amy.admin, "limited": world.lee.user}
    return scope_of_user(users.get(name, world.summit.compliance))


@contextmanager
def _reading(app: Flask, engine: Engine, who: Scope, mode: str) -> Iterator[TenantSession]:
    """A session of `who` with the filter off, or with the wall off (the setup login in place of the scope's)."""
    with app.app_context(), row_filter.off_for_tests() if mode == "filter off" else nullcontext():
        session = TenantSession(db=db)
        session.info.update(scope=who, follows_request=False)
        if mode == "wall off":
            session.info["pinned_bind"] = engine
        try:
            yield session
        finally:
            session.rollback()
            session.close()


def _tenants(engine: Engine, model: type[Any]) -> dict[UUID, tuple[UUID, UUID | None]]:
    """Row id → (FMO, Business) of every row that there is."""
    business = "business_id" if issubclass(model, BusinessOwned) else "NULL::uuid AS business_id"
    with engine.connect() as connection:
        rows = connection.execute(text(f'SELECT id, fmo_id, {business} FROM "{model.__tablename__}"'))
        return {row.id: (row.fmo_id, row.business_id) for row in rows}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", SCOPES)
def test_each_alone_holds(
    app: Flask, setup_engine: Engine, ground: Ground, model: type[Any], name: str, mode: str
) -> None:
    who, tenants = _scope(ground, name), _tenants(setup_engine, model)
    assert len({fmo for fmo, _ in tenants.values()}) > 1, "there are rows to leak"
    with _reading(app, setup_engine, who, mode) as session:
        try:
            seen = list(session.scalars(select(model.id).execution_options(unlogged="a test")))
        except ProgrammingError as error:
            assert "permission denied" in str(error.orig) and mode != "wall off"
            return  # the login may not read this table at all
    if mode == "filter off" and (name, model.__tablename__) == ("jobs", "outbox"):
        return  # the relay sends for every FMO
    for row_id in seen:
        fmo_id, business_id = tenants[row_id]
        assert fmo_id == who.fmo_id
        if business_id is not None and (who.login in (Login.AGENT, Login.EMERGENCY) or name == "jobs"):
            assert business_id == who.business_id
    if mode == "wall off":
        assert seen or name in ("limited", "agent", "emergency"), "the filter alone lets own rows through"


@pytest.mark.parametrize("mode", MODES)
def test_limited_user_sees_policies_of_the_own_npn(app: Flask, setup_engine: Engine, ground: Ground, mode: str) -> None:
    lee, pat = ground.world.lee, ground.world.pat
    with _reading(app, setup_engine, _scope(ground, "limited"), mode) as session:
        policies = list(session.scalars(select(CrmPolicy)))
        assert [policy.npn for policy in policies] == [lee.producer.npn]
        counted = select(func.count()).select_from(CrmPolicy).execution_options(unlogged="a test")
        assert session.scalar(counted) == 1
        assert session.scalar(select(CrmPolicy).where(CrmPolicy.id == pat.crm_policy.id)) is None


@pytest.mark.parametrize("mode", ["both", "filter off"])
def test_limited_user_sees_contacts_of_the_own_npn_and_own_making(
    app: Flask, setup_engine: Engine, ground: Ground, mode: str
) -> None:
    lee = ground.world.lee
    with _reading(app, setup_engine, _scope(ground, "limited"), mode) as session:
        contacts = {(contact.id == lee.contact.id, contact.made_by) for contact in session.scalars(select(Contact))}
        assert contacts == {(True, None), (False, lee.user.id)}
        assert {note.author_id for note in session.scalars(select(Note))} == {lee.user.id}


@pytest.mark.parametrize("mode", ["both", "filter off"])
def test_released_policies_are_gone_at_once(app: Flask, setup_engine: Engine, ground: Ground, mode: str) -> None:
    copy = ground.world.nora.people[0].crm_policy
    release = text("UPDATE crm_policy SET released_at = :at WHERE id = :id")
    try:
        with setup_engine.begin() as connection:
            connection.execute(release, {"at": "2026-03-03", "id": copy.id})
        with _reading(app, setup_engine, scope_of_user(ground.world.nora.admin), mode) as session:
            assert list(session.scalars(select(CrmPolicy))) == []
    finally:
        with setup_engine.begin() as connection:
            connection.execute(release, {"at": None, "id": copy.id})


def test_no_scope_no_rows(app: Flask, ground: Ground) -> None:
    with app.app_context(), pytest.raises(scope.NoScope):
        db.session.execute(text("SELECT 1"))


def test_a_living_session_keeps_its_scope(app: Flask, ground: Ground) -> None:
    first, second = _scope(ground, "fmo"), _scope(ground, "agent")
    with app.app_context():
        with scope.acting(first):
            db.session.execute(text("SELECT 1"))
        with scope.acting(second), pytest.raises(scope.ScopeChanged):
            db.session.execute(text("SELECT 1"))


def test_a_new_row_of_another_tenant_is_refused_before_it_is_sent(app: Flask, ground: Ground) -> None:
    from portal.downline.models import Producer

    with app.app_context(), pytest.raises(scope.ScopeChanged), open_session(_scope(ground, "fmo")) as session:
        session.add(Producer(fmo_id=ground.world.lakeside.fmo.id, kind="agent", npn="999", name="X", name_key="x"))
        session.flush()


def test_updates_and_deletes_are_narrowed_too(app: Flask, setup_engine: Engine, ground: Ground) -> None:
    from sqlalchemy import delete, update

    from portal.downline.models import CarrierIdentifier

    with _reading(app, setup_engine, _scope(ground, "fmo"), "wall off") as session:
        foreign = CarrierIdentifier.id == ground.holders["lou"]["identifier"]
        plain = {"synchronize_session": False}
        changed = session.execute(update(CarrierIdentifier).where(foreign).values(shown="x"), execution_options=plain)
        gone = session.execute(delete(CarrierIdentifier).where(foreign), execution_options=plain)
        assert (changed.rowcount, gone.rowcount) == (0, 0)  # type: ignore[attr-defined]  # a cursor's result
