"""Everybody sees their own policies and nobody else's: by the lists, and by typing addresses."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from portal.demo.cast import AGENCY_NPN, AGENT_NPN, PRINCIPAL_NPN, PRODUCER_NPN
from tests.journeys import pages, truth
from tests.journeys.conftest import JOURNEY, SignedIn
from tests.journeys.live import Portal

pytestmark = JOURNEY

OF_JOURNEYS = "JRNY-"  # numbers in files that other journeys hand in
NOBODYS = "00000000-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    ("address", "fmo", "npn"),
    [
        ("agent@summit.example", "summit", AGENT_NPN),
        ("producer@summit.example", "summit", PRODUCER_NPN),
        ("agent@lakeside.example", "lakeside", AGENT_NPN),
    ],
)
def test_each_list_is_the_truth_about_one_npn(
    signed_in: SignedIn, portal: Portal, address: str, fmo: str, npn: str
) -> None:
    agent = signed_in(address)
    expected = truth.policies_of(portal.demo, fmo, npn)
    assert expected, "an empty list would prove nothing"
    assert pages.policies(agent) == expected
    assert set(pages.contacts(agent)) == {line.member for line in expected}


def test_the_fmos_list_is_the_whole_truth(signed_in: SignedIn, portal: Portal) -> None:
    admin = signed_in("admin@lakeside.example")
    expected = truth.policies_of(portal.demo, "lakeside")
    pages.open_place(admin, "Policies")
    rows = [row for row in pages.read(admin, "Policies") if not row["Policy number"].startswith(OF_JOURNEYS)]
    shown = {(row["Policy number"], row["Carrier"], row["Status"], row["Effective"]) for row in rows}
    assert shown == {(line.number, line.carrier, line.status, line.effective) for line in expected}


def test_adding_the_principals_npn_shows_his_policies_to_the_whole_account_only(
    signed_in: SignedIn, portal: Portal
) -> None:
    principal, producer, admin = (signed_in(f"{who}@summit.example") for who in ("principal", "producer", "admin"))
    before = truth.policies_of(portal.demo, "summit", AGENCY_NPN, PRODUCER_NPN)
    assert pages.policies(principal) == before
    pages.open_place(admin, "Businesses")
    admin.get_by_role("link", name="Harbor Light Insurance Group LLC").click()
    pages.log_activity(admin, pages.ADD_AGENT)
    pages.field(admin, "Find an agent or agency by name or NPN").fill(PRINCIPAL_NPN)
    admin.get_by_role("button", name="Find").click()
    admin.get_by_role("link", name="Thomas Okafor").click()
    expect(pages.field(admin, "Last name")).to_have_value("Okafor")
    pages.field(admin, "Email").fill("thomas.okafor@harborlight.example")
    expect(admin.get_by_label("Sync this agent's policies now")).to_be_checked()
    admin.get_by_role("button", name="Complete").click()
    after = truth.policies_of(portal.demo, "summit", AGENCY_NPN, PRODUCER_NPN, PRINCIPAL_NPN)
    expect(pages.run_ends(admin).locator(".run-sentence")).to_contain_text(f"{len(after)} policies")
    assert pages.policies(principal) == after
    assert pages.policies(producer) == truth.policies_of(portal.demo, "summit", PRODUCER_NPN)


def test_the_record_of_another_is_a_page_that_never_existed(signed_in: SignedIn) -> None:
    owner, producer, lakeside = (
        signed_in(address) for address in ("agent@summit.example", "producer@summit.example", "agent@lakeside.example")
    )
    places = [_first_record(owner, "Policies"), _first_record(owner, "Contacts")]
    admin = signed_in("admin@summit.example")
    places += [
        _first_record(admin, name)
        for name in ("Agents", "Agencies", "Businesses", "Policies", "Feed runs", "Sync runs")
    ]
    never = _refused(producer, f"/crm/policies/{NOBODYS}")
    for address in places:
        for stranger in (producer, lakeside):
            assert _refused(stranger, address) == never
    for address in places[2:]:
        assert _refused(signed_in("admin@lakeside.example"), address) == never
    assert _refused(owner, "/fmo/") == never
    assert _refused(owner, "/compliance/access") == never


def _first_record(page: Page, name: str) -> str:
    pages.open_place(page, name)
    href = page.get_by_role("table", name=name).locator("tbody th a").first.get_attribute("href")
    assert href
    return href


def _refused(page: Page, address: str) -> str:
    answer = page.request.get(address)
    assert answer.status == 404, address
    text = answer.text()
    assert "There is nothing here for you" in text
    # What a visit carries, whatever it asked for.
    return re.sub(r'name="csrf-token" content="[^"]*"', "", text)
