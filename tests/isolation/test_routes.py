"""Every route, asked by everybody for everybody's records. Routes are found in the application, not listed here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from portal.core.ids import new_id
from portal.core.permissions import GRANTED, Access, access_of
from tests.isolation.ground import Actor, Ground
from tests.support.addresses import Way, undeclared, ways
from tests.support.web import Browser, the_app

pytestmark = pytest.mark.shared_data
ACTORS = ("agent", "neighbour", "limited", "whole account", "admin", "other admin", "compliance", "other compliance")
# A form that was filled in, so that a refusal is one of the record and not of the form.
FILLED = {
    **dict.fromkeys(("name", "first_name", "last_name", "business_name", "summary", "text", "body", "note"), "Word"),
    **{"email": "new@mail.example", "mobile": "555-0101", "phone": "555-0101", "npn": "7777777", "state": "OH"},
    **{"time_zone": "America/New_York", "role": "agent_admin", "value": "X1", "carrier": "Humana", "reason": "Asked"},
}
_TOKEN = re.compile(r'(name="csrf_token"[^>]*value=|name="csrf-token"[^>]*content=)"[^"]*"')


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test a way to call a route."""
    if "way" in metafunc.fixturenames:
        chosen = ways(the_app())
        if "of_record" in metafunc.function.__name__:
            chosen = [way for way in chosen if way.kinds]
        if "page" in metafunc.function.__name__:
            chosen = [way for way in chosen if way.method == "GET" and way.endpoint != "static"]
        metafunc.parametrize("way", chosen, ids=str)


@pytest.fixture
def ask(app: Flask, ground: Ground, client_for: Callable[..., Browser]) -> Callable[..., TestResponse]:
    """`ask(actor, way, ids)` sends the request of one of the actors."""
    browsers: dict[str, Browser] = {}

    def send(actor: Actor, way: Way, ids: Mapping[str, UUID], **options: object) -> TestResponse:
        browser = browsers.setdefault(actor.name, client_for(actor.user))
        change = options.pop("change", None)
        path = way.path(app, ids, change)  # type: ignore[arg-type]  # a mapping or None
        data = FILLED if way.method == "POST" else None
        return browser.open(path, method=way.method, data=data, **options)  # type: ignore[arg-type]  # htmx: bool

    return send


def _access(app: Flask, way: Way) -> Access:
    found = access_of(app.view_functions[way.endpoint])
    assert found is not None
    return found


def _granted(app: Flask, way: Way, actor: Actor) -> bool:
    permission = _access(app, way).permission
    return permission is None or (actor.user is not None and permission in GRANTED[actor.user.role])


def _seen(response: TestResponse, ids: Mapping[str, UUID]) -> tuple[int, str, str, str]:
    """What a browser gets, without its own token and with the ids it asked for made equal."""
    body = _TOKEN.sub("", response.get_data(as_text=True))
    places = [response.headers.get(name, "") for name in ("Location", "HX-Redirect")]
    for value in ids.values():
        places = [place.replace(str(value), "ID") for place in places]
    return response.status_code, body, places[0], places[1]


def _refusals(engine: Engine, actor: Actor, asked_for: UUID) -> int:
    assert actor.user is not None
    sql = text(
        "SELECT count(*) FROM access_entry WHERE fmo_id = :fmo AND actor_id = :actor AND outcome = 'refused'"
        " AND subject_ids = ARRAY[:asked]::uuid[] AND action LIKE 'refused.%'"
    )
    with engine.connect() as connection:
        values = {"fmo": actor.user.fmo_id, "actor": actor.user.id, "asked": asked_for}
        return int(connection.execute(sql, values).scalar_one())


def test_every_part_of_every_address_is_known(app: Flask) -> None:
    assert undeclared(app) == []


def test_routes_were_found(app: Flask) -> None:
    assert len(ways(app)) > 40


def test_stranger_is_sent_to_sign_in(ask: Callable[..., TestResponse], app: Flask, ground: Ground, way: Way) -> None:
    stranger = ground.actor("stranger")
    access = _access(app, way)
    for holder in ("amy", "lou"):
        answer = ask(stranger, way, ground.holders[holder])
        body = answer.get_data(as_text=True)
        assert [mark for mark in stranger.forbidden if mark in body] == []
        if access.permission is not None:
            assert answer.status_code == 303 and answer.headers["Location"].startswith("/login")
            assert ask(stranger, way, ground.holders[holder], htmx=True).status_code == 401


@pytest.mark.parametrize("name", ACTORS)
def test_foreign_record_is_like_none_of_record(
    ask: Callable[..., TestResponse], app: Flask, ground: Ground, setup_engine: Engine, way: Way, name: str
) -> None:
    actor = ground.actor(name)
    own, granted = ground.holders[actor.own], _granted(app, way, actor)
    if granted and way.method == "GET":
        assert ask(actor, way, own).status_code in (200, 286, 303), "their own record is there"
    # A role that may not ask at all is answered before anybody looks at the id: one neighbour is enough.
    for holder in actor.foreign if granted else actor.foreign[:1]:
        for change in _foreign(way, own, ground.holders[holder]):
            invented = dict.fromkeys(change, new_id())
            first = change[next(part for part, _ in way.kinds if part in change)]
            for htmx in (False, True) if holder == actor.foreign[0] else (False,):
                before = _refusals(setup_engine, actor, first)
                answer = ask(actor, way, own, change=change, htmx=htmx)
                none = ask(actor, way, own, change=invented, htmx=htmx)
                assert _seen(answer, change) == _seen(none, invented), f"{holder}'s {list(change)}"
                assert answer.status_code == 404, f"{holder}'s {list(change)} answers {answer.status}"
                shown = answer.get_data(as_text=True)
                assert not any(str(value) in shown for value in change.values())
                if way.kinds[0][0] in change:
                    assert _refusals(setup_engine, actor, first) == before + 1, "the attempt is logged"


def _foreign(way: Way, own: Mapping[str, UUID], theirs: Mapping[str, UUID]) -> list[dict[str, UUID]]:
    """The parts to replace: all of them, and each alone; what both hold is nobody's secret."""
    parts = {part: theirs[kind] for part, kind in way.kinds if theirs[kind] != own[kind]}
    alone = [{part: value} for part, value in parts.items()] if len(way.kinds) > 1 else []
    return [change for change in (parts, *alone) if change]


@pytest.mark.parametrize("name", ACTORS)
def test_address_of_another_role_is_none(
    ask: Callable[..., TestResponse], app: Flask, ground: Ground, client_for: Callable[..., Browser], way: Way, name: str
) -> None:
    actor = ground.actor(name)
    if _granted(app, way, actor):
        return
    answer = ask(actor, way, ground.holders[actor.own])
    nowhere = client_for(actor.user).get("/no/such/page")
    assert answer.status_code == nowhere.status_code == 404
    assert _seen(answer, {}) == _seen(nowhere, {})


@pytest.mark.parametrize("name", ACTORS)
def test_no_page_shows_a_word_of_a_foreign_tenant(
    ask: Callable[..., TestResponse], app: Flask, ground: Ground, way: Way, name: str
) -> None:
    actor = ground.actor(name)
    if not _granted(app, way, actor):
        return  # the page of another role is compared with none at all above
    for htmx in (False, True):
        body = ask(actor, way, ground.holders[actor.own], htmx=htmx).get_data(as_text=True)
        assert [mark for mark in actor.forbidden if mark in body] == []
