"""The presets of the FMO's staff in a browser: each finds what concerns them, and who gets counts reads no member."""

from __future__ import annotations

import csv
import re

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import pages
from tests.journeys.conftest import JOURNEY, SignedIn
from tests.journeys.live import Portal

pytestmark = JOURNEY

PLACES = {
    "support@summit.example": ["Home", "Agents", "Agencies", "Businesses", "Sync runs"],
    "steward@summit.example": [
        "Home", "Agents", "Agencies", "Policies", "Unattributed", "Feed runs", "Quarantine", "Held changes",
        "Connectors",
    ],
    "users@summit.example": ["Home", "Businesses", "Users"],
}  # fmt: skip
MOST_PAGES = 120
_RECORD = re.compile(r"/[0-9a-f]{8}-[0-9a-f-]{27}")


def _members(portal: Portal) -> set[str]:
    """What tells of a member at Summit: names in both orders, longer policy numbers, Medicare numbers, addresses."""
    with (portal.demo / "truth.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["fmo"] == "summit"]
    told = {f"{row['member_last']}, {row['member_first']}" for row in rows}
    told |= {f"{row['member_first']} {row['member_last']}" for row in rows}
    told |= {row["mbi"] for row in rows if row["mbi"]} | {row["email"] for row in rows if row["email"]}
    return told | {key for row in rows if len(key := row["policy_key"].rpartition("|")[2]) > 7}


def _read_all(page: Page, portal: Portal) -> dict[str, str]:
    """Address → the words of every page that can be reached by links from home: of records of one kind, a few."""
    waiting, read, of_kind = [page.url], dict[str, str](), dict[str, int]()
    while waiting and len(read) < MOST_PAGES:
        address = waiting.pop(0)
        kind = _RECORD.sub("/*", address.partition("?")[0])
        if address in read or of_kind.get(kind, 0) >= 3:
            continue
        of_kind[kind] = of_kind.get(kind, 0) + 1
        answer = page.request.get(address)
        assert answer.status == 200, f"{address} is offered and answers {answer.status}"
        read[address] = answer.text()
        found = re.findall(r'(?:href|hx-get)="(/[^"#]*)', read[address])
        waiting += [portal.url + link.replace("&amp;", "&") for link in found if not link.startswith("/static/")]
    return read


@pytest.mark.parametrize("address", PLACES)
def test_rail_has_what_concerns_them(signed_in: SignedIn, address: str) -> None:
    page = signed_in(address)
    expect(page.get_by_role("heading", level=1, name="Home")).to_be_visible()
    links = page.get_by_role("navigation", name="Places").first.get_by_role("link")
    assert [text.strip() for text in links.all_inner_texts()] == PLACES[address]


@pytest.mark.parametrize("address", ["support@summit.example", "users@summit.example"])
def test_who_gets_counts_reads_no_member(signed_in: SignedIn, portal: Portal, address: str) -> None:
    told = _members(portal)
    assert len(told) > 100
    page = signed_in(address)
    read = _read_all(page, portal)
    assert len(read) > (15 if "support" in address else 4)
    for place, words in read.items():
        assert [mark for mark in told if mark in words] == [], place


def test_support_searches_and_finds_no_member(signed_in: SignedIn, portal: Portal) -> None:
    page = signed_in("support@summit.example")
    member = sorted(mark for mark in _members(portal) if ", " in mark)[0]
    page.get_by_role("searchbox").first.fill(member.partition(",")[0])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert member not in page.content()


def test_support_foresees_in_counts_what_provisioning_would_bring(signed_in: SignedIn) -> None:
    page = signed_in("support@summit.example")
    pages.open_place(page, "Agents")
    page.get_by_role("table", name="Agents").locator("tbody").get_by_role("link").first.click()
    pages.log_activity(page, pages.PROVISION)
    expect(page.get_by_label("Business name")).to_be_visible()
    expect(page.locator("main")).to_contain_text(re.compile(r"polic(y|ies)"))


def test_steward_opens_a_policy_and_gets_no_number(signed_in: SignedIn) -> None:
    page = signed_in("steward@summit.example")
    pages.open_place(page, "Policies")
    page.get_by_role("table", name="Policies").locator("tbody").get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_role("button", name="Reveal")).to_have_count(0)
    assert page.goto("/fmo/users").status == 404  # type: ignore[union-attr]  # a page was asked for


def test_user_administrator_invites_locks_and_lets_in_again(signed_in: SignedIn, portal: Portal) -> None:
    page = signed_in("users@summit.example")
    pages.open_place(page, "Users")
    page.get_by_role("link", name="Add a user").click()
    for label, typed in (("First name", "Nadia"), ("Last name", "Quist"), ("Email", "nadia.quist@summit.example")):
        page.get_by_label(label).fill(typed)
    choices = page.get_by_label("Role").locator("option").all_inner_texts()
    assert not any("administrator" in one and "FMO" in one for one in choices)
    page.get_by_label("Role").select_option(value="fmo_steward")
    page.get_by_role("button", name="Add and invite").click()
    expect(page.get_by_role("heading", level=1, name="Nadia Quist")).to_be_visible()
    page.get_by_role("link", name="Lock out").click()
    expect(page.get_by_role("heading", level=1, name="Lock out Nadia Quist")).to_be_visible()
    page.get_by_role("button", name="Lock out").click()
    expect(page.get_by_text("Locked out").first).to_be_visible()
    page.get_by_role("button", name="Let in again").click()
    expect(page.get_by_role("link", name="Lock out")).to_be_visible()
    pages.open_place(page, "Users")
    page.get_by_role("link", name="Maria Ortega").click()
    expect(page.get_by_text("Only an FMO administrator decides about administrators.")).to_be_visible()
    expect(page.get_by_role("link", name="Lock out")).to_have_count(0)


def test_officers_look_after_one_another(signed_in: SignedIn) -> None:
    page = signed_in("compliance@summit.example")
    page.get_by_role("navigation", name="Places").get_by_role("link", name="Officers").first.click()
    page.get_by_role("link", name="Add an officer").click()
    for label, typed in (("First name", "Osric"), ("Last name", "Vane"), ("Email", "osric.vane@summit.example")):
        page.get_by_label(label).fill(typed)
    page.get_by_role("button", name="Add and invite").click()
    expect(page.get_by_role("link", name="Osric Vane")).to_be_visible()
    page.goto("/compliance/")
    expect(page.get_by_text("Osric Vane was added as a compliance officer, by Henry Aldous")).to_be_visible()
