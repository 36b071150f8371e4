"""Every route, asked by everybody for everybody's records. Routes are found in the application, not listed here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from portal.core.ids import new_id
from portal.core.permissions import GRANTED, Access, access_of
from portal.core.scope import Role
from portal.identity.models import LoginSession
from tests.isolation.ground import Actor, Ground, emergency
from tests.support.addresses import Way, undeclared, ways
from tests.support.web import body_of, browser, the_app

pytestmark = pytest.mark.shared_data
ANSWERED = (200, 286, 303)  # 286: a live region that has nothing more to ask for
NOT_FOR = {("home.search", Role.COMPLIANCE)}  # open to who is signed in, but officers look members up with a reason
# A form that was filled in, so that a refusal is one of the record and not of the form.
FILLED = dict.fromkeys(("name", "first_name", "last_name", "business_name", "summary", "text", "body", "note"), "Word")
FILLED |= {"email": "new@mail.example", "mobile": "555-0101", "phone": "555-0101", "npn": "7777777", "state": "OH"}
FILLED |= {"time_zone": "America/New_York", "role": "agent_admin", "value": "X1", "carrier": "Humana", "reason": "Ok"}
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


@pytest.fixture(scope="module")
def ask(app: Flask, setup_engine: Engine, ground: Ground) -> Callable[..., TestResponse]:
    """`ask(actor, way, ids)` sends the request of one of the actors, each in a browser of their own."""
    browsers = {name: browser(app, actor.user) for name, actor in ground.actors.items()}
    _open_emergency(setup_engine, ground)

    def send(actor: Actor, way: Way, ids: Mapping[str, UUID], **options: object) -> TestResponse:
        change = options.pop("change", None)
        path = way.path(app, ids, change)  # type: ignore[arg-type]  # a mapping or None
        data = FILLED if way.method == "POST" else None
        return browsers[actor.name].open(path, method=way.method, data=data, **options)  # type: ignore[arg-type]  # htmx: bool

    return send


def _open_emergency(engine: Engine, ground: Ground) -> None:
    """Give who has one an emergency access in the session of their browser."""
    with Session(engine) as store:
        for actor in ground.actors.values():
            if actor.user is not None and actor.emergency is not None:
                mine = select(LoginSession.id).where(LoginSession.user_id == actor.user.id)
                latest = store.scalars(mine.order_by(LoginSession.created_at.desc())).first()
                store.add(emergency(actor.user, actor.emergency, latest))
        store.commit()


def _access(app: Flask, way: Way) -> Access:
    found = access_of(app.view_functions[way.endpoint])
    assert found is not None
    return found


def _granted(app: Flask, way: Way, actor: Actor) -> bool:
    permission = _access(app, way).permission
    return permission is None or any(permission in GRANTED[role] for role in actor.roles)


def _seen(response: TestResponse, ids: Mapping[str, UUID]) -> tuple[int, str, str, str]:
    """What a browser gets, without its own token and with the ids it asked for made equal."""
    body = _TOKEN.sub("", body_of(response))
    places = [response.headers.get(name, "") for name in ("Location", "HX-Redirect")]
    for value in ids.values():
        places = [place.replace(str(value), "ID") for place in places]
    return response.status_code, body, places[0], places[1]


def _refusals(engine: Engine, actor: Actor, asked_for: UUID) -> int:
    assert actor.user is not None
    sql = text(
        "SELECT count(*) FROM access_entry WHERE fmo_id = :fmo AND actor_id = :actor AND outcome = 'refused'"
        " AND :asked = ANY(subject_ids) AND action LIKE 'refused.%'"
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
        body = body_of(answer)
        assert [mark for mark in stranger.forbidden if mark in body] == []
        if access.permission is not None:
            if way.method == "GET":
                assert answer.status_code == 303 and answer.headers["Location"].startswith("/login")
            else:  # what was typed and sent is not lost on the way to a page of sign-in
                assert answer.status_code == 401
            assert ask(stranger, way, ground.holders[holder], htmx=True).status_code == 401


def test_foreign_record_is_like_none_of_record(
    ask: Callable[..., TestResponse], app: Flask, ground: Ground, setup_engine: Engine, way: Way
) -> None:
    for actor in ground.actors.values():
        if actor.user is None:
            continue
        own, granted = ground.own(actor), _granted(app, way, actor)
        if granted and way.method == "GET":
            assert ask(actor, way, own).status_code in ANSWERED, f"{actor.name}: their own record is there"
        # A role that may not ask at all is answered before anybody looks at the id: one neighbour is enough.
        foreign = actor.foreign_at(way.rule)
        for holder in foreign if granted else foreign[:1]:
            for change in _foreign(way, own, ground.holders[holder]):
                for htmx in (False, True) if holder == foreign[0] else (False,):
                    # An address of two ids is logged under its first: that of the record it belongs to.
                    logged = change.get(way.kinds[0][0], own[way.kinds[0][1]])
                    count = partial(_refusals, setup_engine, actor, logged)
                    _compare(partial(ask, actor, way, own, htmx=htmx), change, count, f"{actor.name}: {holder}'s")


def _compare(ask: Callable[..., TestResponse], change: dict[str, UUID], count: Callable[[], int], who: str) -> None:
    """The same answer for the foreign ids as for ones that never existed: 404, without an id, and logged."""
    invented = dict.fromkeys(change, new_id())
    before = count()
    answer = ask(change=change)
    logged = count() - before
    none = ask(change=invented)
    assert _seen(answer, change) == _seen(none, invented), f"{who} {list(change)}"
    assert answer.status_code == 404, f"{who} {list(change)} answers {answer.status}"
    shown = body_of(answer)
    assert not any(str(value) in shown for value in change.values())
    assert logged == 1, f"{who} {list(change)}: the attempt is logged once"


def _foreign(way: Way, own: Mapping[str, UUID], theirs: Mapping[str, UUID]) -> list[dict[str, UUID]]:
    """The parts to replace: all of them, and each alone; what both hold is nobody's secret."""
    parts = {part: theirs[kind] for part, kind in way.kinds if theirs[kind] != own[kind]}
    alone = [{part: value} for part, value in parts.items()] if len(way.kinds) > 1 else []
    return [change for change in (parts, *alone) if change]


def test_address_of_another_role_is_none(
    ask: Callable[..., TestResponse], app: Flask, ground: Ground, way: Way
) -> None:
    for actor in ground.actors.values():
        if actor.user is None or _granted(app, way, actor):
            continue
        answer, nowhere = ask(actor, way, ground.own(actor)), browser(app, actor.user).get("/no/such/page")
        assert answer.status_code == nowhere.status_code == 404, actor.name
        assert _seen(answer, {}) == _seen(nowhere, {}), actor.name


def test_no_page_shows_a_word_of_a_foreign_tenant(
    ask: Callable[..., TestResponse], app: Flask, ground: Ground, way: Way
) -> None:
    for actor in ground.actors.values():
        if actor.user is None or not _granted(app, way, actor):
            continue  # the page of another role is compared with none at all above
        for htmx in (False, True):
            answer = ask(actor, way, ground.own(actor), htmx=htmx)
            given = _access(app, way).permission is None or (way.endpoint, actor.user.role) in NOT_FOR
            sent_on = answer.status_code == 204 and "HX-Redirect" in answer.headers  # what 303 is without htmx
            assert answer.status_code in ANSWERED or sent_on or given, f"{actor.name} gets {answer.status}"
            body = body_of(answer)
            assert [mark for mark in actor.forbidden if mark in body] == [], actor.name


def test_the_words_looked_for_are_really_shown_to_their_owner(
    ask: Callable[..., TestResponse], app: Flask, ground: Ground
) -> None:
    # Without this, a page that shows nobody anything would pass all of the above.
    lists = {"agent": "/crm/contacts", "neighbour": "/crm/policies", "limited": "/crm/contacts"}
    lists |= {"other agent": "/crm/contacts", "emergency": "/emergency/contacts"}
    lists |= {"admin": "/fmo/policies", "other admin": "/fmo/policies"}
    found = {str(way): way for way in ways(app)}
    for name, path in lists.items():
        actor = ground.actor(name)
        body = ask(actor, found[f"GET {path}"], {}).get_data(as_text=True)
        assert f"Qlast{actor.own}" in body, name
