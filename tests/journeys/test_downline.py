"""An FMO admin keeps the downline: a record, an import, and an identifier that decides whose policies they are."""

from __future__ import annotations

import re

from playwright.sync_api import FilePayload, Page, expect

from tests.journeys import pages
from tests.journeys.conftest import JOURNEY, Open, SignedIn
from tests.journeys.live import Portal
from tests.journeys.test_feeds import carrier_file, hand_in
from tests.journeys.test_provisioning import accept_invitation

pytestmark = JOURNEY

NPN = "70081234"
WRITING_NUMBER = "JRNY77X"
MAIL = "ingrid@vale-insurance.example"
LONG_NAME = "Ingrid-Marguerite Vandersteen-Kowalczyk of the Northern Vales"


def test_an_identifier_brings_policies_to_an_account_and_takes_them_away(
    signed_in: SignedIn, open_browser: Open, portal: Portal
) -> None:
    admin = signed_in("admin@summit.example")
    record = _add_and_rename(admin)
    business = _provision(admin)
    hand_in(
        admin, carrier_file("vales.csv", *(f"VALE-{n}|VALE{n * 'A'}, HOPE|03/01/2024|{WRITING_NUMBER}" for n in (1, 2)))
    )
    run = pages.run_ends(admin)
    expect(run).to_contain_text("2 policies are new")
    expect(run).to_contain_text("2 policies have no writing agent yet")

    admin.goto(record)
    _add_identifier(admin)
    admin.goto(f"/fmo/policies?npn={NPN}")
    assert len(pages.read(admin, "Policies")) == 2, "the book follows the crosswalk at once"
    admin.goto(business)
    _resync(admin)
    expect(pages.run_ends(admin).locator(".run-sentence")).to_contain_text("2 policies and 2 contacts")
    agent = accept_invitation(open_browser, portal, MAIL, NPN)
    assert [line.number for line in pages.policies(agent)] == ["VALE-1", "VALE-2"]

    admin.goto(record)
    _end_identifier(admin)
    assert pages.policies(agent) == [], "taking away never waits for a run"
    assert pages.contacts(agent) == []


def test_an_import_tells_what_it_would_do_and_what_it_left_out(signed_in: SignedIn) -> None:
    admin = signed_in("admin@lakeside.example")
    text = (
        "kind,npn,first_name,last_name,email\nagent,70090001,Nell,Harrow,nell@harrow.example\nagent,12ab,Bad,Number,\n"
    )
    file: FilePayload = {"name": "agents.csv", "mimeType": "text/csv", "buffer": text.encode()}
    pages.open_place(admin, "Agents")
    admin.get_by_role("link", name="Import").click()
    pages.field(admin, "File").set_input_files(file)
    admin.get_by_role("button", name="Show what it would do").click()
    expect(pages.table(admin, "Rows that are left out")).to_be_visible()
    refused = pages.read(admin, "Rows that are left out")
    assert [row["Row"] for row in refused] == ["3"]
    assert refused[0]["Reason"]
    admin.get_by_role("button", name="Import 1 row").click()
    expect(admin.get_by_role("heading", level=1, name="The import is done")).to_be_visible()
    admin.goto("/fmo/agents?q=70090001")
    expect(admin.get_by_role("link", name="Nell Harrow")).to_be_visible()


def _add_and_rename(admin: Page) -> str:
    pages.open_place(admin, "Agents")
    admin.get_by_role("link", name="Add an agent").click()
    pages.field(admin, "NPN").fill(NPN)
    pages.field(admin, "First name").fill("Ingrid")
    pages.field(admin, "Last name").fill("Vale")
    pages.field(admin, "Email").fill(MAIL)
    pages.field(admin, "State").fill("OH")
    admin.get_by_role("button", name="Add", exact=True).click()
    expect(admin.get_by_role("heading", level=1, name="Ingrid Vale")).to_be_visible()
    record = admin.url
    admin.get_by_role("link", name="Edit", exact=True).click()
    first, last = LONG_NAME.split(" ", 1)
    pages.field(admin, "First name").fill(first)
    pages.field(admin, "Last name").fill(last)
    admin.get_by_role("button", name="Save").click()
    expect(admin.get_by_role("heading", level=1, name=LONG_NAME)).to_be_visible()
    return record


def _provision(admin: Page) -> str:
    pages.log_activity(admin, pages.PROVISION)
    pages.field(admin, "Business name").fill("Vale Insurance")
    admin.get_by_label("Enable Policy Sync").check()
    admin.get_by_role("button", name="Complete").click()
    expect(pages.run_ends(admin)).to_contain_text("No policy in your book")
    return admin.url


def _add_identifier(admin: Page) -> None:
    admin.get_by_role("link", name="Add an identifier").click()
    pages.field(admin, "Carrier").select_option("Mutual of Omaha")
    pages.field(admin, "Kind").select_option("Writing number")
    pages.field(admin, "Identifier").fill(WRITING_NUMBER)
    admin.get_by_role("button", name="Add", exact=True).click()
    expect(admin.get_by_role("table", name="Carrier identifiers")).to_contain_text(WRITING_NUMBER)


def _end_identifier(admin: Page) -> None:
    admin.get_by_role("link", name=re.compile(f"^End .*{WRITING_NUMBER}")).click()
    pages.field(admin, "Last day").fill("2020-12-31")
    admin.get_by_role("button", name="End this identifier").click()
    expect(admin.get_by_role("table", name="Carrier identifiers")).to_contain_text("until")


def _resync(admin: Page) -> None:
    pages.log_activity(admin, pages.SYNC)
    admin.get_by_label("Re-sync Policies").check()
    admin.get_by_role("button", name="Complete").click()
