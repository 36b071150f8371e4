"""Every form of every page, sent as it stands there: what our own pages carry, the routes know."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from portal.core.sent import TWICE, UNKNOWN
from tests.isolation.ground import Ground
from tests.support.addresses import ways
from tests.support.web import Browser, browser

pytestmark = [pytest.mark.shared_data, pytest.mark.timeout(400)]
_ID = re.compile(r"[0-9a-f-]{36}")
LEAVE = ("/logout", "/account/sessions", "/session")


class Forms(HTMLParser):
    """The forms of a page that post: where to, what they carry, and the names of their buttons."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, MultiDict[str, str], list[tuple[str, str]]]] = []
        self._open = False
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take down the form or what stands in it."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = given.get("method", "").lower() == "post"
            if self._open:
                self.found.append((given.get("action", ""), MultiDict(), []))
        if not self._open or tag not in ("input", "button", "select", "option", "textarea"):
            return
        name, kind, value = given.get("name", ""), given.get("type", ""), given.get("value", "")
        _, fields, buttons = self.found[-1]
        if tag == "select":
            self._select = name
        elif tag == "option":
            if value and self._select and self._select not in fields:
                fields.add(self._select, value)
        elif name and (tag == "button" or kind == "submit"):
            buttons.append((name, value))
        elif name and kind == "radio":
            fields.setdefault(name, value)
        elif name and kind != "file":
            fields.add(name, value or ("y" if kind == "checkbox" else "1" if tag == "input" else "Word"))

    def handle_endtag(self, tag: str) -> None:
        """Leave the form."""
        if tag == "form":
            self._open = False


def forms_of(
    app: Flask, ground: Ground, client: Browser, own: str, known: set[tuple[str, ...]]
) -> Iterator[tuple[str, MultiDict[str, str]]]:
    """Every form that the pages of one actor show and that is not `known`, once for each of its buttons."""
    for way in ways(app):
        if way.method != "GET" or way.endpoint == "static":
            continue
        page = client.get(way.path(app, ground.holders[own]))
        if page.status_code != 200 or page.mimetype != "text/html":
            continue
        parsed = Forms()
        parsed.feed(page.get_data(as_text=True))
        for action, fields, buttons in parsed.found:
            for button in buttons or [("", "")]:
                sent = MultiDict(fields)
                if button[0]:
                    sent.add(*button)
                address = action or page.request.path
                kind = (_ID.sub("*", address), *sorted(sent), button[1])
                if kind not in known and not urlsplit(address).path.startswith(LEAVE):
                    known.add(kind)
                    yield address, sent


def test_no_form_of_ours_carries_what_its_route_does_not_know(
    app: Flask, ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SHOW_ERRORS", "PROPAGATE_EXCEPTIONS"):
        monkeypatch.setitem(app.config, name, False)  # what a form does to its record is not looked at here
    refused, sent_forms = [], 0
    known: set[tuple[str, ...]] = set()
    for actor in ground.actors.values():
        client = browser(app, actor.user)
        for address, fields in list(forms_of(app, ground, client, actor.own or "amy", known)):
            answer = client.post(address, data=fields)
            sent_forms += 1
            text = answer.get_data().decode(errors="replace")
            if answer.status_code == 400 and (TWICE in text or UNKNOWN in text):
                refused.append((actor.name, address, sorted(fields)))
    assert refused == []
    assert sent_forms > 80
