"""What a page offers, its reader may open: no link, form or fragment leads to the page of another role."""

from __future__ import annotations

import re
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from portal.core.permissions import GRANTED, access_of
from portal.core.scope import Role
from tests.isolation.ground import Actor, Ground
from tests.support.addresses import Way, ways
from tests.support.web import browser, the_app

pytestmark = pytest.mark.shared_data
_OFFERED = re.compile(r'\s(href|hx-get|hx-post|action|formaction)="(/[^"]*)"')


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test a page."""
    if "way" in metafunc.fixturenames:
        pages = [way for way in ways(the_app()) if way.method == "GET" and way.endpoint != "static"]
        metafunc.parametrize("way", pages, ids=str)


@pytest.fixture(scope="module")
def browsers(app: Flask, ground: Ground) -> dict[str, FlaskClient]:
    """One of each actor who is signed in."""
    return {name: browser(app, actor.user) for name, actor in ground.actors.items() if actor.user is not None}


def test_page_offers_only_what_its_reader_may_open(
    app: Flask, ground: Ground, browsers: dict[str, FlaskClient], way: Way
) -> None:
    for name, client in browsers.items():
        actor = ground.actor(name)
        if not _opens(app, actor, way.endpoint):
            continue
        for htmx in (False, True):
            answer = client.open(
                way.path(app, ground.holders[actor.own]), headers={"HX-Request": "true"} if htmx else {}
            )
            if "html" in (answer.content_type or ""):
                closed = _closed(app, actor, answer.get_data(as_text=True))
                assert closed == set(), f"{name} is offered what they may not open on {way}"


def test_the_check_finds_a_link_that_is_closed(app: Flask, ground: Ground) -> None:
    page = '<a href="/fmo/policies?x=1&amp;y=2">x</a> <form method="post" action="/fmo/settings"></form>'
    assert _closed(app, ground.actor("support"), page) == {"/fmo/policies", "/fmo/settings"}
    assert _closed(app, ground.actor("admin"), page) == set()


def _opens(app: Flask, actor: Actor, endpoint: str) -> bool:
    access, user = access_of(app.view_functions[endpoint]), actor.user
    assert access is not None and user is not None
    return access.permission is None or access.permission in GRANTED[Role(user.role)]


def _closed(app: Flask, actor: Actor, body: str) -> set[str]:
    found = set()
    for attribute, address in _OFFERED.findall(body):
        path = unescape(address).partition("?")[0].partition("#")[0]
        method = "POST" if attribute in ("action", "hx-post", "formaction") else "GET"
        endpoints = {endpoint for verb in {method, "GET"} if (endpoint := _endpoint(app, path, verb))}
        if endpoints and not any(_opens(app, actor, endpoint) for endpoint in endpoints):
            found.add(path)
    return found


def _endpoint(app: Flask, path: str, method: str) -> str | None:
    try:
        endpoint, _ = app.url_map.bind("").match(path, method=method)
    except (HTTPException, RequestRedirect):
        return None
    return str(endpoint)
