"""Between the factors every page answers as to a stranger. Routes are found in the application, not listed here."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.architecture.source import modules
from tests.isolation.ground import Ground
from tests.support.addresses import Way, ways
from tests.support.web import body_of, browser, the_app

pytestmark = pytest.mark.shared_data
# What reads a half-way session: the challenge, what ends it, and nothing else.
CHALLENGE = {f"identity.{name}" for name in ("second", "prove_second", "enrol", "confirm_enrol", "start_over")}
CHALLENGE |= {f"identity.{name}" for name in ("ask_second", "prove_second_by_passkey", "ask_to_enrol", "enrol_passkey")}
_OWN = re.compile(r'(name="csrf_token"[^>]*value=|name="csrf-token"[^>]*content=|"challenge": )"[^"]*"')
Ask = Callable[[Way, bool], tuple[TestResponse, TestResponse]]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test a way to call a route."""
    if "way" in metafunc.fixturenames:
        chosen = [way for way in ways(the_app()) if way.endpoint not in {*CHALLENGE, "static"}]
        metafunc.parametrize("way", chosen, ids=str)


@pytest.fixture(scope="module")
def ask(app: Flask, ground: Ground) -> Ask:
    """The answers to somebody between the factors and to a stranger."""
    admin, ids = ground.world.summit.admin, ground.holders["amy"]
    between, stranger = browser(app, admin, half_way=True), browser(app, None)

    def send(way: Way, htmx: bool) -> tuple[TestResponse, TestResponse]:
        nonlocal between
        if between.get("/login/second").status_code != 200:
            between = browser(app, admin, half_way=True)  # a page of sign-in began anew
        first, second = (one.open(way.path(app, ids), method=way.method, htmx=htmx) for one in (between, stranger))
        return first, second

    return send


def _seen(answer: TestResponse) -> tuple[int, str, str | None, str | None]:
    """What a browser gets, without its own token and what a passkey is asked to sign."""
    body = _OWN.sub("", body_of(answer))
    return answer.status_code, body, answer.headers.get("Location"), answer.headers.get("HX-Redirect")


@pytest.mark.parametrize("htmx", [False, True], ids=["page", "htmx"])
def test_a_half_way_session_is_a_strangers(ask: Ask, way: Way, htmx: bool) -> None:
    between, stranger = ask(way, htmx)
    assert _seen(between) == _seen(stranger)


def test_one_door_leads_into_a_session() -> None:
    for call in ("begin_for(", "begin_half_way("):
        callers = [module.place for module in modules() if f".{call}" in module.text]
        assert callers == ["portal/identity/views/arriving.py"], call
