"""wapiti and sqlmap go through the running demo as every role: whatever they find fails, but for what is listed."""

from __future__ import annotations

import os
import re
import sqlite3
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.journeys import live
from tests.scan import tools, visiting
from tests.support import servers

pytestmark = [pytest.mark.deep, pytest.mark.timeout(900)]
ROLES = {
    "stranger": None,
    "FMO administrator": "admin@summit.example",
    "compliance officer": "compliance@summit.example",
    "account administrator": "principal@summit.example",
    "limited agent": "producer@summit.example",
}
WAPITI_SECONDS, SQLMAP_SECONDS = 40, 45
# A scanner that signs itself out, ends its sessions or changes its own factors looks at nothing afterwards.
LEAVE_OUT = ["logout*", "account/*", "session/*", "static/*"]
# (tool, kind, what the finding says) → why it is none.
FALSE_ALARMS: dict[tuple[str, str, str], str] = {
    (
        "wapiti",
        "Secure Flag cookie",
        r".*",
    ): "cookies are Secure where PORTAL_URL is https; this portal is at http://127.0.0.1",
    ("wapiti", "HTTP Strict Transport Security .*", r".*"): "sent over https alone, as browsers want it",
}


@pytest.fixture(scope="module")
def portal() -> Iterator[live.Portal]:
    """The running demo, where the scanners can be had."""
    try:
        tools.program("wapiti")
    except tools.Missing as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    with live.running(Path(os.environ[servers.FOLDER]) / "scan") as running:
        yield running


def _left(found: list[tools.Finding]) -> list[str]:
    return [str(one) for one in found if not any(_is(one, alarm) for alarm in FALSE_ALARMS)]


def _is(finding: tools.Finding, alarm: tuple[str, str, str]) -> bool:
    tool, kind, info = alarm
    return finding.tool == tool and bool(re.fullmatch(kind, finding.kind)) and bool(re.search(info, finding.info))


class Careless(BaseHTTPRequestHandler):
    """A page with two weaknesses: it prints what it was sent, and puts it into its SQL."""

    def do_GET(self) -> None:
        sent = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        try:
            with sqlite3.connect(":memory:") as data:
                rows = data.execute(f"SELECT 'row' WHERE '1' = '{sent.get('id', '')}'").fetchall()
            told, status = "<p>Found.</p>" * 40 if rows else "<p>Nothing of that kind is here.</p>", 200
        except sqlite3.Error:
            told, status = "PostgreSQL: ERROR: unterminated quoted string at or near", 500
        page = f"<html><body><a href='/?id=1&q=word'>Again</a> {sent.get('q', '')} {told}</body></html>".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def test_the_scanners_find_what_is_there(portal: live.Portal, tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Careless) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        kinds = {one.kind for one in tools.wapiti(f"{url}/", None, tmp_path, seconds=30, leave_out=[])}
        injected = tools.sqlmap([f"{url}/?id=1&q=word"], None, tmp_path, seconds=40)
        server.shutdown()
    assert {"SQL Injection", "Reflected Cross Site Scripting"} <= kinds
    assert [one.parameter for one in injected] == ["id"]


@pytest.mark.parametrize("role", ROLES)
def test_wapiti_finds_nothing(portal: live.Portal, tmp_path: Path, role: str) -> None:
    cookie = visiting.cookie_of(portal, ROLES[role])
    found = tools.wapiti(f"{portal.url}/", cookie, tmp_path, seconds=WAPITI_SECONDS, leave_out=LEAVE_OUT)
    assert tools.pages_seen(tmp_path / "wapiti.json") > (3 if cookie is None else 15)
    assert cookie is None or visiting.is_signed_in(portal, cookie), "it looked as a stranger"
    assert _left(found) == []


@pytest.mark.parametrize("role", ROLES)
def test_sqlmap_finds_nothing(portal: live.Portal, tmp_path: Path, role: str) -> None:
    cookie = visiting.cookie_of(portal, ROLES[role])
    addresses = visiting.addresses(portal, cookie)
    if cookie is not None:
        assert addresses, "no page leads to an address with parameters"
    else:
        addresses = [*addresses, f"{portal.url}/login?next=1", f"{portal.url}/static/css/portal.css?v=1"]
    found = tools.sqlmap(addresses, cookie, tmp_path, seconds=SQLMAP_SECONDS)
    assert cookie is None or visiting.is_signed_in(portal, cookie)
    assert _left(found) == []
