"""An FMO admin gives an agent an account; the agent proves the NPN and finds exactly the policies that are theirs."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from portal.demo.cast import BIGGEST_NPN, MEMBER_NPN
from tests.journeys import pages, truth
from tests.journeys.conftest import JOURNEY, Open, SignedIn
from tests.journeys.live import Portal

pytestmark = JOURNEY

ADMIN = "admin@summit.example"
MARGARET = "margaret@kowalczykreyes.example"
LUIS = "luis.ferrara@harborlight.example"
NEW_PASSWORD = "three quiet herons at noon"


def test_an_agent_is_provisioned_and_finds_exactly_their_policies(
    signed_in: SignedIn, open_browser: Open, portal: Portal
) -> None:
    expected = truth.policies_of(portal.demo, "summit", BIGGEST_NPN)
    assert len(expected) > 50, "the journey is to cross several pages of the list"
    admin = signed_in(ADMIN)
    _find_agent(admin, BIGGEST_NPN, "Margaret Kowalczyk-Reyes")
    pages.log_activity(admin, pages.PROVISION)
    expect(admin.get_by_text(f"{len(expected)} policies of")).to_be_visible()
    expect(admin.get_by_label("Enable Policy Sync")).not_to_be_checked()
    _complete_provision(admin)
    _the_run_says(admin, f"{len(expected)} policies and")
    business = admin.url
    expect(admin.get_by_text("Provision", exact=False).first).to_be_visible()

    agent = accept_invitation(open_browser, portal, MARGARET, BIGGEST_NPN)
    assert pages.policies(agent) == expected
    assert set(pages.contacts(agent)) == {line.member for line in expected}
    _reveal_a_medicare_number(agent, portal)

    _ask_for_a_resync(agent)
    admin.goto("/fmo/")
    admin.get_by_role("link", name=re.compile("re-sync", re.I)).first.click()
    admin.goto(business)
    resync(admin)
    _the_run_says(admin, f"{len(expected)} policies and")
    assert pages.figures(admin)["Unchanged"] == len(expected)
    _disable(admin)
    assert pages.policies(agent) == expected, "switching Policy Sync off takes nothing away"


def test_the_same_without_script(open_browser: Open, portal: Portal) -> None:
    expected = truth.policies_of(portal.demo, "summit", MEMBER_NPN)
    admin = open_browser(java_script_enabled=False).new_page()
    pages.sign_in(admin, ADMIN, portal.password)
    _find_agent(admin, MEMBER_NPN, "Luis Ferrara")
    pages.log_activity(admin, pages.PROVISION)
    _complete_provision(admin)
    admin.get_by_role("main").get_by_role("link", name="Policy Sync", exact=True).click()
    for _ in range(pages.RUN_SECONDS):
        if admin.locator(".run.over").count():
            break
        admin.wait_for_timeout(1000)
        admin.reload()
    _the_run_says(admin, f"{len(expected)} polic")
    agent = accept_invitation(open_browser, portal, LUIS, MEMBER_NPN, java_script_enabled=False)
    assert pages.policies(agent) == expected


def _find_agent(admin: Page, npn: str, name: str) -> None:
    pages.open_place(admin, "Agents")
    box = admin.get_by_role("main").get_by_label("Name or NPN")
    box.fill(npn)
    box.press("Enter")
    admin.get_by_role("link", name=name).click()
    expect(admin.get_by_role("heading", level=1, name=name)).to_be_visible()


def _complete_provision(admin: Page) -> None:
    admin.get_by_label("Enable Policy Sync").check()
    pages.field(admin, "Mobile phone").fill("614 555-0123")
    admin.get_by_role("button", name="Complete").click()
    expect(admin.get_by_text("Agent CRM Business").first).to_be_visible()


def _the_run_says(admin: Page, start: str) -> None:
    expect(pages.run_ends(admin).locator(".run-sentence")).to_contain_text(start)


def accept_invitation(open_browser: Open, portal: Portal, address: str, npn: str, **options: bool) -> Page:
    """Open the mailed link, fail once with a wrong NPN, prove the right one, and sign in; returns the agent's home."""
    page = open_browser(**options).new_page()
    page.goto(pages.invitation(portal.outbox, address))
    page.get_by_label("NPN").fill("1234567")
    page.get_by_label("Password").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Set password").click()
    expect(page.get_by_text("not the NPN that the invitation is for").first).to_be_visible()
    page.get_by_label("NPN").fill(npn)
    page.get_by_label("Password").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Set password").click()
    page.get_by_label("Email").fill(address)
    page.get_by_label("Password").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/crm/")
    return page


def _reveal_a_medicare_number(agent: Page, portal: Portal) -> None:
    name, mbi = truth.somebody_with_mbi(portal.demo, "summit", BIGGEST_NPN)
    pages.open_place(agent, "Contacts")
    pages.search(agent, name.split(",")[0])
    agent.get_by_role("link", name=name, exact=True).first.click()
    assert mbi not in agent.content()
    agent.get_by_role("button", name="Reveal").click()
    expect(agent.get_by_text(mbi)).to_be_visible()


def _ask_for_a_resync(agent: Page) -> None:
    pages.open_place(agent, "Policies")
    agent.get_by_role("button", name="Ask for a re-sync").click()
    expect(agent.get_by_role("heading", level=1)).to_be_visible()


def resync(admin: Page) -> None:
    """Log the activity that starts a re-sync of the Business at hand."""
    pages.log_activity(admin, pages.SYNC)
    expect(admin.get_by_label("Policy Sync Enabled")).to_be_checked()
    admin.get_by_label("Re-sync Policies").check()
    admin.get_by_role("button", name="Complete").click()


def _disable(admin: Page) -> None:
    pages.log_activity(admin, pages.SYNC)
    admin.get_by_label("Policy Sync Enabled").uncheck()
    admin.get_by_role("button", name="Complete").click()
    expect(admin.get_by_text("Policy Sync not enabled").first).to_be_visible()
