"""Signing in as a person does, and finding the addresses with parameters that a role's pages lead to."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import requests

from tests.journeys.live import Portal

_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
_LINK = re.compile(r'(?:href|hx-get|action)="([^"#]+)"')
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
MOST_PAGES = 80
# GET forms send their fields as parameters: these are tried on their page.
_GET_FORM = re.compile(
    r'<form(?![^>]*method="post")[^>]*action="([^"#]*)"[^>]*>(.*?)</form>', re.DOTALL | re.IGNORECASE
)
_FIELD = re.compile(r'<(?:input|select)[^>]*\sname="([^"]+)"')


def cookie_of(portal: Portal, email: str | None) -> str | None:
    """The cookies of a browser that has signed in; None for a stranger's."""
    if email is None:
        return None
    browser = requests.Session()
    token = _TOKEN.search(browser.get(f"{portal.url}/login", timeout=30).text)
    assert token is not None
    form = {"csrf_token": token[1], "email": email, "password": portal.password}
    answer = browser.post(f"{portal.url}/login", data=form, allow_redirects=False, timeout=30)
    assert answer.status_code == 303, answer.status_code
    return "; ".join(f"{name}={value}" for name, value in browser.cookies.get_dict().items())


def _browser(cookie: str | None) -> requests.Session:
    made = requests.Session()  # it keeps its cookies on the way through redirects, which a header would not
    for pair in cookie.split("; ") if cookie else ():
        made.cookies.set(*pair.split("=", 1))
    return made


def is_signed_in(portal: Portal, cookie: str) -> bool:
    """Whether the session lives still."""
    answer = _browser(cookie).get(f"{portal.url}/", timeout=30)
    return urlsplit(answer.url).path != "/login"


def addresses(portal: Portal, cookie: str | None) -> list[str]:
    """For each kind of page with parameters one address with all of them, found by following links and GET forms."""
    browser = _browser(cookie)
    waiting, seen = [f"{portal.url}/"], {"/"}
    found: dict[str, tuple[str, dict[str, str]]] = {}
    for _ in range(MOST_PAGES):
        if not waiting:
            break
        answer = browser.get(waiting.pop(0), timeout=30)
        if "text/html" not in answer.headers.get("Content-Type", ""):
            continue
        for link in [*map(unescape, _LINK.findall(answer.text)), *_forms(answer.text, answer.url)]:
            there = urlsplit(urljoin(answer.url, link))
            if f"{there.scheme}://{there.netloc}" != portal.url or there.path.startswith(("/static", "/logout")):
                continue
            sent, kind = dict(parse_qsl(there.query, keep_blank_values=True)), _ID.sub("*", there.path)
            if sent:
                found.setdefault(kind, (f"{portal.url}{there.path}", {}))[1].update(sent)
            if f"{kind} {sorted(sent)}" not in seen:
                seen.add(f"{kind} {sorted(sent)}")
                waiting.append(there.geturl())
    return [f"{address}?{urlencode(sent)}" for address, sent in found.values()]


def _forms(page: str, here: str) -> list[str]:
    made = []
    for action, body in _GET_FORM.findall(page):
        names = dict.fromkeys(_FIELD.findall(body))
        if names:
            made.append(f"{unescape(action) or here}?{'&'.join(f'{name}=1' for name in names)}")
    return made
