"""A compliance officer finds out who saw a member, and takes the evidence along."""

from __future__ import annotations

import csv
import io
import re

from playwright.sync_api import expect

from portal.demo.cast import AGENT_NPN
from tests.journeys import pages, truth
from tests.journeys.conftest import JOURNEY, SignedIn
from tests.journeys.live import Portal

pytestmark = JOURNEY


def test_the_officer_follows_a_member_to_whoever_saw_them(signed_in: SignedIn, portal: Portal) -> None:
    name, mbi = truth.somebody_with_mbi(portal.demo, "summit", AGENT_NPN)
    agent = signed_in("agent@summit.example")
    pages.open_place(agent, "Contacts")
    pages.search(agent, name.split(",")[0])
    agent.get_by_role("link", name=name, exact=True).first.click()
    expect(agent.get_by_role("button", name="Reveal")).to_be_visible()

    officer = signed_in("compliance@summit.example")
    pages.open_place(officer, "Access log")
    officer.get_by_role("link", name="Find a member").click()
    pages.field(officer, "Medicare number").fill(mbi)
    officer.get_by_role("button", name="Find", exact=True).click()
    officer.get_by_role("table", name="Members found").get_by_role("link").first.click()
    expect(officer.get_by_role("heading", level=1, name="Who saw this member")).to_be_visible()
    seen = officer.get_by_role("table", name="By person").get_by_role("row").filter(has_text="Rosa Delgado").first
    expect(seen).to_contain_text("Agent – Administrator")
    newest = (
        officer.get_by_role("table", name="Newest entries").get_by_role("row").filter(has_text="Rosa Delgado").first
    )
    newest.get_by_role("link").first.click()
    expect(officer.get_by_role("table", name="Entries beside this one")).to_be_visible()
    officer.get_by_role("link", name="The same person", exact=True).click()
    expect(officer.get_by_role("heading", level=1, name="Rosa Delgado")).to_be_visible()
    expect(officer.get_by_role("table", name="Sessions")).to_be_visible()
    assert mbi not in officer.content()


def test_filters_and_the_download_tell_the_same(signed_in: SignedIn) -> None:
    signed_in("producer@summit.example").goto("/fmo/agents")
    officer = signed_in("compliance@summit.example")
    pages.open_place(officer, "Access log")
    officer.get_by_label("Outcome").select_option("Refused")
    officer.wait_for_url(re.compile("outcome=refused"))
    rows = officer.get_by_role("table", name="Access log").locator("tbody tr")
    expect(rows.first).to_contain_text("Dana Whitfield")
    assert {text.strip() for text in rows.locator("td:last-child").all_inner_texts()} == {"Refused"}
    with officer.expect_download() as download:
        officer.get_by_role("link", name=re.compile("as CSV")).click()
    lines = list(csv.DictReader(io.StringIO(download.value.path().read_text(encoding="utf-8-sig"))))
    assert lines
    assert {line["outcome"] for line in lines} == {"refused"}


def test_the_officer_has_no_way_into_the_book(signed_in: SignedIn) -> None:
    officer = signed_in("compliance@summit.example")
    for address in ("/fmo/", "/fmo/policies", "/crm/contacts"):
        answer = officer.goto(address)
        assert answer
        assert answer.status == 404
