"""Every route is closed until it says otherwise, and a page that is only looked at changes nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, event

from portal.core.permissions import GRANTED, Permission, access_of
from tests.support.addresses import ways
from tests.support.web import Browser, another_app
from tests.support.world import World

# What looking may write: that one looked, that one is still here, and what one searches for.
# Of field keys the first request of a process notes that they are in use.
MAY_WRITE = {"access_entry", "installation_entry", "login_session", "search_token", "field_key"}
_WRITES = re.compile(r"^\s*(?:WITH\b.*?\b)?(INSERT INTO|UPDATE|DELETE FROM|MERGE INTO|COPY)\s+\"?(\w+)", re.I | re.S)


def test_every_route_says_who_may(app: Flask) -> None:
    for endpoint, view in app.view_functions.items():
        access = access_of(view)
        assert access is not None, f"{endpoint} has neither @allow nor @public"
        assert (access.permission is None) == bool(access.public_reason), f"{endpoint} needs exactly one of the two"


def test_public_routes_are_few_and_say_why(app: Flask) -> None:
    public = {
        name: a.public_reason or ""
        for name, v in app.view_functions.items()
        if (a := access_of(v)) and not a.permission
    }
    assert all(len(reason) > 15 for reason in public.values()), public
    rooms = {name.partition(".")[0] for name in public}
    assert rooms <= {"static", "identity", "home", "health"}, "a page of a room that holds anybody's data"


def test_every_permission_is_used_and_granted(app: Flask) -> None:
    used = {access.permission for view in app.view_functions.values() if (access := access_of(view))}
    granted = set().union(*GRANTED.values())
    assert set(Permission) <= granted
    assert {p for p in used if p} <= granted


@pytest.mark.parametrize("mark", ["none", "allow"])
def test_a_route_without_a_word_is_closed(database: None, mark: str) -> None:
    def forgotten() -> str:
        return "open"

    if mark == "allow":
        from portal.core.permissions import public

        public("the control: this one is open")(forgotten)
    with another_app() as app:
        app.add_url_rule("/forgotten", view_func=forgotten)
        answer = app.test_client().get("/forgotten")
    assert (answer.status_code, "open" in answer.text) == ((404, False) if mark == "none" else (200, True))


def test_a_sensitive_page_needs_an_event(app: Flask) -> None:
    for endpoint, view in app.view_functions.items():
        access = access_of(view)
        if access and access.event is not None:
            assert not access.public_reason, endpoint


@contextmanager
def _written() -> Iterator[list[str]]:
    """Collects the tables that any connection of this process writes to."""
    tables: list[str] = []

    def look(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        for match in _WRITES.finditer(statement):
            tables.append(match[2].lower())  # noqa: PERF401  # a comprehension would hide what is done

    event.listen(Engine, "before_cursor_execute", look)
    try:
        yield tables
    finally:
        event.remove(Engine, "before_cursor_execute", look)


def test_looking_changes_no_business_row(app: Flask, world: World, client_for: Callable[..., Browser]) -> None:
    ids = _ids(world)
    people = (world.summit.admin, world.amy.admin, world.lee.user, world.summit.compliance)
    browsers = [client_for(user) for user in people]
    wrote: dict[str, set[str]] = {}
    for way in [way for way in ways(app) if way.method == "GET" and way.endpoint != "static"]:
        if not all(kind in ids for _, kind in way.kinds):
            continue
        for browser in browsers:
            with _written() as tables:
                browser.get(way.path(app, ids))
            wrote.setdefault(str(way), set()).update(set(tables) - MAY_WRITE)
    assert len(wrote) > 30
    assert {way: tables for way, tables in wrote.items() if tables} == {}


def _ids(world: World) -> dict[str, Any]:
    amy, office = world.amy, world.summit
    person = amy.people[0]
    return {
        "agent": person.producer.id,
        "agency": world.agency.id,
        "business": amy.business.id,
        "policy": person.policy.id,
        "member": person.member.id,
        "connector": office.connector.id,
        "feed_run": office.feed_run.id,
        "sync_run": amy.run.id,
        "activity": amy.activity.id,
        "contact": person.contact.id,
        "crm_policy": person.crm_policy.id,
    }


def test_writes_are_recognised() -> None:
    found = [
        _WRITES.match(s) for s in ('UPDATE "policy" SET x=1', "insert into note (id) values (1)", "DELETE FROM outbox")
    ]
    assert [match[2] for match in found if match] == ["policy", "note", "outbox"]
    assert not _WRITES.match("SELECT id FROM policy FOR UPDATE")
