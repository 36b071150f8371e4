"""What any page shows is in its one entry of the log, and nothing else: ids of sensitive rows, and whoever is named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from portal.core.models import Base
from portal.core.permissions import GRANTED, access_of
from portal.core.request_log import UNDECLARED_READ
from tests.isolation.ground import Ground
from tests.support.addresses import Way, ways
from tests.support.web import Browser, body_of, browser, the_app

pytestmark = pytest.mark.shared_data
ACTORS = ("agent", "limited", "whole account", "admin")
_ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_MARK = re.compile(r"\bQ[a-z]{4,}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test a page."""
    if "way" in metafunc.fixturenames:
        chosen = [way for way in ways(the_app()) if way.method == "GET" and way.endpoint != "static"]
        metafunc.parametrize("way", chosen, ids=str)


@pytest.fixture(scope="module")
def browsers(app: Flask, ground: Ground) -> dict[str, Browser]:
    return {name: browser(app, ground.actor(name).user) for name in ACTORS}


@pytest.fixture(scope="module")
def sensitive(setup_engine: Engine, ground: Ground) -> set[UUID]:
    """The ids of all rows whose reading is logged."""
    models = [mapper.class_ for mapper in Base.registry.mappers]
    tables = sorted({model.__tablename__ for model in models if getattr(model, "__sensitive__", None)})
    with setup_engine.connect() as connection:
        return {row for table in tables for row in connection.execute(text(f'SELECT id FROM "{table}"')).scalars()}


@pytest.fixture(scope="module")
def marks(setup_engine: Engine, ground: Ground) -> dict[UUID, set[str]]:
    """Row → the words of it that stand nowhere else but in its account."""
    found: dict[UUID, set[str]] = {}
    with setup_engine.connect() as connection:
        for table in sorted(Base.metadata.tables):
            if "id" in Base.metadata.tables[table].columns:
                for key, words in connection.execute(text(f'SELECT id, t::text FROM "{table}" t')):
                    found[key] = set(_MARK.findall(words))
    return found


def _named(ground: Ground) -> Iterator[tuple[str, set[UUID]]]:
    """Last names of clients, each with the rows by which somebody may have read it."""
    for office in (ground.world.summit, ground.world.lakeside):
        for account in office.accounts:
            for one in account.people:
                rows = {one.member.id, one.policy.id, one.contact.id, one.crm_policy.id}
                yield f"Qlast{one.user.first_name.lower()}", rows


@pytest.mark.parametrize("htmx", [False, True], ids=["page", "fragment"])
def test_what_a_page_shows_is_logged(
    browsers: dict[str, Browser], app: Flask, ground: Ground, setup_engine: Engine, sensitive: set[UUID],
    marks: dict[UUID, set[str]], way: Way, htmx: bool,
) -> None:  # fmt: skip
    access = access_of(app.view_functions[way.endpoint])
    assert access is not None
    for name in ACTORS:
        actor = ground.actor(name)
        assert actor.user is not None
        if access.permission is None or access.permission not in GRANTED[actor.user.role]:
            continue
        since = last_entry(setup_engine)
        path = way.path(app, ground.own(actor))
        answer = browsers[name].get(path, htmx=htmx)
        body = body_of(answer)
        entries = _entries(setup_engine, since, actor.user.id)
        assert len(entries) <= 1, f"{name}: one entry a page"
        if access.event is not None and answer.status_code < 400:
            assert len(entries) == 1, f"{name}: the page is in the log"
        assert UNDECLARED_READ.name not in _actions(setup_engine, since), f"{name}: under a name of its own"
        logged = {one for ids in entries for one in ids}
        shown = {UUID(found) for found in _ID.findall(body)} & sensitive
        asked = {UUID(found) for found in _ID.findall(path)}
        assert shown - logged - asked == set(), name
        for mark, rows in _named(ground):
            assert mark not in body or rows & logged, f"{name} reads {mark}"
        if answer.status_code < 400:
            words = set(_MARK.findall(body))
            seen = shown | asked | {one for mark, rows in _named(ground) if mark in words for one in rows}
            told = _subjects(setup_engine, since, actor.user.id) - seen
            assert not [one for one in told if not marks.get(one, set()) & words], f"{name}: logged and not shown"


def last_entry(engine: Engine) -> UUID:
    """The newest entry's id."""
    with engine.connect() as connection:
        found = connection.execute(text("SELECT id FROM access_entry ORDER BY id DESC LIMIT 1")).scalar_one_or_none()
        return found or UUID(int=0)


def _actions(engine: Engine, since: UUID) -> set[str]:
    with engine.connect() as connection:
        sql = text("SELECT action FROM access_entry WHERE id > :since")
        return set(connection.execute(sql, {"since": since}).scalars())


def _subjects(engine: Engine, since: UUID, actor_id: UUID) -> set[UUID]:
    sql = text("SELECT unnest(subject_ids) FROM access_entry WHERE id > :since AND actor_id = :actor")
    with engine.connect() as connection:
        return set(connection.execute(sql, {"since": since, "actor": actor_id}).scalars())


def _entries(engine: Engine, since: UUID, actor_id: UUID) -> list[list[UUID]]:
    sql = text("SELECT * FROM access_entry WHERE id > :since AND actor_id = :actor")
    with engine.connect() as connection:
        rows = connection.execute(sql, {"since": since, "actor": actor_id}).mappings().all()
    return [[UUID(found) for found in _ID.findall(str([str(value) for value in row.values()]))] for row in rows]
