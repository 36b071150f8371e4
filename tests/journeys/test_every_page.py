"""Every page that a role's links lead to can be used by everybody, and its console stays silent."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.journeys import accessibility
from tests.journeys.conftest import JOURNEY, Open, SignedIn

pytestmark = JOURNEY

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
# One form for many kinds of activity or record: seeing it once is enough.
_SAME = (re.compile(r"(?<=/activities/new/)\w+/\w+"), re.compile(r"(?<=/(?:provision|add-agent)/)\w+"))
_BESIDES = {
    "admin@summit.example": ["/fmo/agents?q=nobody-is-called-so", "/fmo/policies?attributed=no", "/fmo/nowhere"],
    "agent@summit.example": ["/crm/policies?carrier=aetna&status=lapsed", "/crm/nowhere"],
}
_LEAST = {"admin@summit.example": 25, "agent@summit.example": 7, "compliance@summit.example": 4}


@pytest.mark.parametrize("address", ["admin@summit.example", "agent@summit.example", "compliance@summit.example"])
def test_every_page_of_a_role(signed_in: SignedIn, address: str) -> None:
    page = signed_in(address)
    visited = list(_visit(page, ["/", *_BESIDES.get(address, [])]))
    assert len(visited) >= _LEAST[address], visited
    assert not [fault for _, faults in visited for fault in faults], "\n".join(
        fault for _, faults in visited for fault in faults
    )


def test_the_pages_of_a_stranger(open_browser: Open) -> None:
    page = open_browser().new_page()
    found = []
    for address in ("/login", "/invite/no-such-token"):
        page.goto(address)
        found += accessibility.faults(page)
    page.goto("/login")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("alert").wait_for()
    found += accessibility.faults(page)
    assert not found, "\n".join(found)


def _visit(page: Page, todo: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Follow links breadth first, one page of each kind; yields its address and its faults."""
    seen: set[str] = set()
    while todo:
        address = todo.pop(0)
        kind = _kind(address)
        if kind in seen or kind.endswith((".csv", ".xlsx", ".zip")):
            continue
        seen.add(kind)
        page.goto(address)
        yield address, accessibility.faults(page)
        hrefs: list[str] = page.locator("a[href^='/']").evaluate_all("links => links.map(a => a.getAttribute('href'))")
        # Filters and pages of a list are the same page again.
        todo += [href.split("#")[0].split("?")[0] for href in hrefs if not href.startswith("/static")]


def _kind(address: str) -> str:
    for pattern in _SAME:
        address = pattern.sub("*", address)
    return _ID.sub("*", address)
