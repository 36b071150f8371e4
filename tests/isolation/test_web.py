"""What every answer of every route carries, and what no route takes. Routes are found: a new one is measured too."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from portal.config import load_settings
from portal.core import web
from portal.core.permissions import access_of
from portal.runtime.run import web_command
from tests.isolation.ground import Ground
from tests.support.addresses import ways
from tests.support.web import Browser, another_app, browser

pytestmark = [pytest.mark.shared_data, pytest.mark.timeout(400)]
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
TAKE_FILES = {
    *("book.create_feed", "book.start_mapping", "book.start_edit", "crm.start_upload"),
    *("downline.import_preview", "provisioning.import_preview"),
}


@pytest.fixture(scope="module")
def people(app: Flask, ground: Ground) -> dict[str, Browser]:
    """A browser of every actor, the stranger's among them."""
    return {name: browser(app, ground.actors[name].user) for name in ("stranger", "agent", "admin", "compliance")}


def secured(answer: TestResponse) -> list[str]:
    """What an answer lacks."""
    csp = answer.headers.get("Content-Security-Policy", "")
    lacks = [name for name, value in web.HEADERS.items() if answer.headers.get(name) != value]
    lacks += [word for word in ("unsafe", "*", "http", "data:") if word in csp]
    if answer.headers.get("Cache-Control") != "no-store":
        lacks.append("Cache-Control")
    return lacks


def test_every_answer_is_kept_out_of_caches_frames_and_foreign_scripts(
    app: Flask, ground: Ground, people: dict[str, Browser]
) -> None:
    kinds, statuses = set(), set()
    for name, client in people.items():
        for way in ways(app):
            if way.endpoint == "static" or (way.method == "POST" and way.endpoint == "identity.sign_out"):
                continue
            for htmx in (False, True):
                path = way.path(app, ground.holders["amy"])  # without a token no form changes the ground
                answer = client.open(path, method=way.method, csrf=False, htmx=htmx)
                assert secured(answer) == [], (name, way, answer.status_code)
                kinds.add(answer.mimetype)
                statuses.add(answer.status_code)
    assert {"text/html", "text/csv"} <= kinds
    assert {200, 303, 400, 401, 404} <= statuses
    refused = people["agent"].post("/crm/contacts/new", data={"first_name": ""})
    assert refused.status_code == 422 and secured(refused) == []


def test_the_words_of_the_policy() -> None:
    assert "default-src 'none'" in web.CSP and "frame-ancestors 'none'" in web.CSP and "base-uri 'none'" in web.CSP
    assert web.HEADERS["Referrer-Policy"] == "no-referrer" and web.HEADERS["X-Content-Type-Options"] == "nosniff"


def test_style_and_script_are_as_safe_and_may_be_kept(app: Flask) -> None:
    with browser(app, None).get("/static/js/app.js") as answer:
        carried = dict(answer.headers.items())
    assert carried | web.HEADERS == carried and "immutable" in carried["Cache-Control"]


def test_no_unsafe_route_answers_without_the_token(app: Flask, ground: Ground, people: dict[str, Browser]) -> None:
    exempt = set()
    for way in ways(app):
        if way.method not in UNSAFE:
            continue
        access = access_of(app.view_functions[way.endpoint])
        for client in people.values():
            answer = client.open(way.path(app, ground.holders["amy"]), method=way.method, csrf=False)
            stale = client.open(
                way.path(app, ground.holders["amy"]), method=way.method, csrf=False, headers={"X-CSRFToken": "forged"}
            )
            public = access is not None and access.permission is None
            if "no-such-fmo" in way.path(app, ground.holders["amy"]):
                exempt.add(way.endpoint)
                continue
            allowed = {400} if public else {400, 401, 404}
            assert {answer.status_code, stale.status_code} <= allowed, (way, answer.status_code)
    assert exempt == {"identity.sso_back_channel"}, "what another server sends carries a signature of its own"


def test_what_is_no_form_is_not_looked_into(app: Flask, ground: Ground, people: dict[str, Browser]) -> None:
    for way in ways(app):
        if way.method in UNSAFE and way.endpoint != "identity.sign_out":
            path = way.path(app, ground.holders["amy"])
            for client in people.values():
                answer = client.open(path, method=way.method, json={"first_name": "Qjson"})
                assert answer.status_code in (400, 401, 404, 415), (way, answer.status_code)
    answer = people["agent"].post("/crm/contacts/new", json={"first_name": "Qjson"})
    assert answer.status_code == 415 and "Nothing was saved" in answer.text


def test_only_uploads_take_large_bodies(app: Flask, people: dict[str, Browser]) -> None:
    taken = {name: getattr(view, "__takes__", web.MOST_BYTES) for name, view in app.view_functions.items()}
    assert {name for name, most in taken.items() if most == web.FILE_BYTES} == TAKE_FILES
    assert all(most <= web.TABLE_BYTES for name, most in taken.items() if name not in TAKE_FILES)
    answer = people["agent"].post("/crm/contacts/new", data={"first_name": "x" * (web.MOST_BYTES + 1)})
    assert answer.status_code == 413 and "Nothing was" in answer.text
    assert secured(answer) == []


def test_a_stranger_sends_no_large_file(app: Flask) -> None:
    answer = browser(app, None).post("/fmo/feeds/new", data={"file": "x" * 3_000_000})
    assert answer.status_code == 401


def test_a_field_too_many_or_twice_is_refused(app: Flask, people: dict[str, Browser]) -> None:
    amy = people["agent"]
    typed = {"first_name": "Qextra", "last_name": "Qextra"}
    for more in ({"business_id": "x"}, {"first_name": ["Qextra", "Qtwo"]}, {"agent_owned": "y"}):
        answer = amy.post("/crm/contacts/new", data={**typed, **more})
        assert answer.status_code == 400 and "Nothing was saved" in answer.text, more
    assert "Qextra" not in amy.get("/crm/contacts").text
    answer = browser(app, None).post("/login", data={"email": "a@b.example", "password": "x", "role": "fmo_admin"})
    assert answer.status_code in (400, 422)


@pytest.mark.parametrize("way", ["/login?next={}", "/step-up?next={}"])
@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example/", "/\\evil.example", "/%09/evil.example"])
def test_no_next_leads_away(people: dict[str, Browser], way: str, target: str) -> None:
    for client in people.values():
        answer = client.get(way.format(target))
        assert re.match(r"(?![/\\]{2})(/|$)", answer.headers.get("Location", ""))
        assert not re.search(r'value="[^"]*evil\.example', answer.text)


def test_errors_say_a_number_and_nothing_else(app: Flask, people: dict[str, Browser]) -> None:
    amy = people["agent"]
    secret = "Qsecret-1EG4-TE5-MK73"
    pages = [
        amy.get(f"/crm/contacts/{secret}"),
        amy.open("/crm/contacts", method="DELETE"),
        amy.post("/crm/contacts/new", data={"first_name": secret, "last_name": secret, "stray": secret}),
        amy.post("/crm/contacts/new", json={"first_name": secret}),
        amy.get("/fmo/agents"),
    ]
    assert [answer.status_code for answer in pages] == [404, 405, 400, 415, 404]
    for answer in pages:
        assert "Qsecret" not in answer.text and "Traceback" not in answer.text and "werkzeug" not in answer.text.lower()


def test_a_failure_says_a_number_and_nothing_else(
    app: Flask, people: dict[str, Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError("Qsecret of a member")

    monkeypatch.setitem(app.config, "SHOW_ERRORS", False)
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    view = app.view_functions["crm.contacts"]
    fail.__dict__.update(vars(view))
    monkeypatch.setitem(app.view_functions, "crm.contacts", fail)
    answer = people["agent"].get("/crm/contacts")
    assert answer.status_code == 500 and "Qsecret" not in answer.text and "RuntimeError" not in answer.text
    assert re.search(r'error-id"><span class="mono">[0-9a-f]{32}<', answer.text)
    assert secured(answer) == []


@pytest.fixture
def behind(app: Flask) -> Iterator[Callable[..., Flask]]:
    """`behind(proxies=1)`: the application with other settings; its connections are closed at the end."""
    with ExitStack() as made:

        def make(**changed: object) -> Flask:
            settings = replace(load_settings(), **changed)  # type: ignore[arg-type]  # settings by name
            return made.enter_context(another_app(settings))

        yield make


FORGED = {
    "X-Forwarded-For": "203.0.113.66",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-Port": "4444",
    "Forwarded": "for=203.0.113.66;proto=https;host=evil.example",
}


def _told(app: Flask, **headers: str) -> dict[str, object]:
    """What a request seems to be."""
    from flask import request

    with app.test_client() as client:
        answer = client.get("/login", headers={**FORGED, **headers})
        assert answer.status_code == 200
        return {"address": request.remote_addr, "secure": request.is_secure, "root": request.url_root}


def test_forged_forwarding_changes_nothing(app: Flask, behind: Callable[..., Flask]) -> None:
    assert _told(behind(proxies=0)) == {"address": "127.0.0.1", "secure": False, "root": "http://localhost/"}
    one = _told(behind(proxies=1), **{"X-Forwarded-For": "203.0.113.66, 198.51.100.7"})
    assert one == {"address": "198.51.100.7", "secure": True, "root": "https://localhost/"}
    assert web_command(8000)[-2:] == ["--forwarded-allow-ips", ""]


@pytest.mark.parametrize(("host", "status"), [("evil.example", 400), ("localhost", 200), ("portal.example", 200)])
def test_only_our_own_name_is_answered(behind: Callable[..., Flask], host: str, status: int) -> None:
    app = behind(public_url="https://portal.example")
    answer = app.test_client().get("/login", headers={"Host": host})
    assert answer.status_code == status
    assert "evil" not in answer.text
    assert answer.headers["Content-Security-Policy"] == web.CSP


def test_over_https_cookies_are_the_hosts_own(behind: Callable[..., Flask]) -> None:
    app = behind(public_url="https://portal.example")
    answer = app.test_client().get("/login", base_url="https://portal.example")
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-portal_session=")
    assert all(part in cookie for part in ("; Secure", "; HttpOnly", "; Path=/", "; SameSite=Lax"))
    assert "Domain" not in cookie
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    with app.test_client().get("/static/js/app.js") as script:
        assert "Strict-Transport-Security" in script.headers


def test_no_debugger(app: Flask, behind: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch) -> None:
    assert not app.debug
    monkeypatch.setenv("FLASK_DEBUG", "1")
    with pytest.raises(SystemExit):
        behind()
