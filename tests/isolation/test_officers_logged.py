"""Whose data an officer's page shows: the members of its one entry, all of them and nobody else.

A page of the log itself repeats ids that are the log's: such an id stands in an entry whose own id the page shows too.
It need not be logged again. That excuses ids alone, never a name, and never whom the address asks for.
Keys of the officers' own papers (a request, a finding, a delivery to judge) are no data of a member.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from portal.core.models import Base
from portal.core.permissions import GRANTED, access_of
from portal.core.scope import Role
from tests.isolation.ground import Ground
from tests.isolation.test_logged import last_entry
from tests.support.addresses import Way, ways
from tests.support.web import Browser, body_of, browser, the_app

pytestmark = pytest.mark.shared_data
_ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
OFFICERS = "portal.compliance."


@dataclass(frozen=True, slots=True)
class Members:
    """Row → the member whom it is of; member → a name that nobody else has."""

    of: dict[UUID, UUID]
    names: dict[UUID, str]

    def by_ids(self, words: str) -> set[UUID]:
        """Whose ids, or ids of whose rows, stand there."""
        return {self.of[key] for found in _ID.findall(words) if (key := UUID(found)) in self.of}

    def by_name(self, words: str) -> set[UUID]:
        """Whose names stand there."""
        return {key for key, name in self.names.items() if name in words}


def may_open(way: Way) -> bool:
    """Whether an officer may."""
    access = access_of(the_app().view_functions[way.endpoint])
    return access is not None and access.permission in GRANTED[Role.COMPLIANCE]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test a page."""
    if "way" in metafunc.fixturenames:
        chosen = [way for way in ways(the_app()) if way.method == "GET" and may_open(way)]
        metafunc.parametrize("way", chosen, ids=str)


@pytest.fixture(scope="module")
def officer(app: Flask, ground: Ground) -> Browser:
    return browser(app, ground.actor("compliance").user)


@pytest.fixture(scope="module")
def members(setup_engine: Engine, ground: Ground) -> Members:
    models = [mapper.class_ for mapper in Base.registry.mappers]
    theirs = [one for one in models if hasattr(one, "member_id") and not one.__module__.startswith(OFFICERS)]
    of: dict[UUID, UUID] = {}
    with setup_engine.connect() as connection:
        for table in sorted({one.__tablename__ for one in theirs if hasattr(one, "id")}):
            pairs = connection.execute(text(f'SELECT id, member_id FROM "{table}" WHERE member_id IS NOT NULL'))
            of |= {row.id: row.member_id for row in pairs}
        rows = connection.execute(text("SELECT id, last_name FROM member"))
        named: dict[UUID, str] = {row.id: row.last_name for row in rows}
    once = {key: name for key, name in named.items() if re.match("Q[a-z]{4}", name) and _times(name, named) == 1}
    return Members(of | {key: key for key in named}, once)


def _times(name: str, named: dict[UUID, str]) -> int:
    return sum(name in other for other in named.values())


@pytest.mark.parametrize("htmx", [False, True], ids=["page", "fragment"])
def test_members_shown_are_members_logged(
    officer: Browser, app: Flask, ground: Ground, setup_engine: Engine, members: Members, way: Way, htmx: bool
) -> None:
    actor, since = ground.actor("compliance"), last_entry(setup_engine)
    path = way.path(app, ground.own(actor))
    answer = officer.get(path, htmx=htmx)
    assert answer.status_code < 400, "it is theirs"
    _held_against_the_log(setup_engine, since, members, path, body_of(answer))


def test_a_member_who_is_asked_for_is_logged(
    officer: Browser, ground: Ground, setup_engine: Engine, members: Members
) -> None:
    stray, since = ground.world.summit.stray, last_entry(setup_engine)
    path = f"/compliance/access?member={stray.id}"
    _held_against_the_log(setup_engine, since, members, path, body_of(officer.get(path)))


def test_members_found_by_name_are_logged(
    officer: Browser, ground: Ground, setup_engine: Engine, members: Members
) -> None:
    since, [person, *_] = last_entry(setup_engine), ground.world.amy.people
    named = {name: getattr(person.member, name) for name in ("first_name", "last_name", "birth_date")}
    body = body_of(officer.post("/compliance/access/member", data=named))
    assert members.by_name(body) == {person.member.id}
    _held_against_the_log(setup_engine, since, members, "", body)


def _held_against_the_log(engine: Engine, since: UUID, members: Members, path: str, body: str) -> None:
    logged = {one for ids in _members_since(engine, since) for one in ids}
    named, asked = members.by_name(body), members.by_ids(path)
    shown = members.by_ids(body) | named | asked
    of_the_log = members.by_ids(_entries_shown(engine, _ID.findall(body))) - named - asked
    assert shown - logged - of_the_log == set(), "shown and not logged"
    assert logged - shown == set(), "logged and not shown"


def _members_since(engine: Engine, since: UUID) -> list[list[UUID]]:
    with engine.connect() as connection:
        sql = text("SELECT member_ids FROM access_entry WHERE id > :since AND role = 'compliance'")
        return list(connection.execute(sql, {"since": since}).scalars())


def _entries_shown(engine: Engine, ids: Iterable[str]) -> str:
    """All that the entries hold whose ids these are."""
    with engine.connect() as connection:
        sql = text("SELECT string_agg(e::text, ' ') FROM access_entry e WHERE id = ANY(CAST(:ids AS uuid[]))")
        return connection.execute(sql, {"ids": sorted(set(ids))}).scalar_one() or ""
