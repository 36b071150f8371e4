"""One action of each kind, done by a person in a browser, leaves exactly one entry of the right kind."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from portal.demo.cast import AGENT_NPN
from tests.journeys import pages, truth
from tests.journeys.conftest import JOURNEY, Open, SignedIn
from tests.journeys.live import Portal

pytestmark = JOURNEY
MARK = "Journey of one entry each"  # the browser's name: by it these entries are told from those of other journeys


def test_each_kind_of_action_leaves_its_one_entry(open_browser: Open, signed_in: SignedIn, portal: Portal) -> None:
    name, _ = truth.somebody_with_mbi(portal.demo, "summit", AGENT_NPN)
    agent = open_browser(user_agent=MARK).new_page()
    admin = open_browser(user_agent=MARK).new_page()
    done: list[tuple[str, Callable[[], object]]] = [
        ("session.start", lambda: _enters(agent, "agent@summit.example", portal.password)),
        ("contact.list", lambda: pages.open_place(agent, "Contacts")),
        ("contact.list", lambda: pages.search(agent, name.split(",")[0])),
        ("contact.read", lambda: _opens(agent, name)),
        ("mbi.reveal", lambda: _reveals(agent)),
        ("note.add", lambda: _notes(agent)),
        ("refused.page", lambda: agent.goto("/fmo/agents")),
        ("refused.record", lambda: agent.goto("/crm/contacts/00000000-0000-7000-8000-000000000000")),
        ("session.end", lambda: _leaves(agent)),
        ("session.refused", lambda: _enters(agent, "agent@summit.example", "not the password at all")),
        ("session.start", lambda: _enters(admin, "admin@summit.example", portal.password)),
        ("policy.list", lambda: pages.open_place(admin, "Policies")),
        ("fmo.rules", lambda: _sets(admin)),
    ]
    for _, act in done:
        act()
    officer = signed_in("compliance@summit.example")
    counted = [row["action"] for row in _log(officer) if row["user_agent"] == MARK]
    wanted = [action for action, _ in done]
    # A note leads back to its contact, and homes on the way list contacts; nothing else here happens by the way.
    exactly = set(wanted) - {"contact.list", "contact.read", "policy.list"}
    assert {action: counted.count(action) for action in exactly} == {action: wanted.count(action) for action in exactly}
    assert all(counted.count(action) >= wanted.count(action) for action in wanted), counted


def _opens(page: Page, name: str) -> None:
    page.get_by_role("link", name=name, exact=True).first.click()
    expect(page.get_by_role("button", name="Reveal")).to_be_visible()


def _enters(page: Page, address: str, password: str) -> None:
    pages.sign_in(page, address, password)
    page.wait_for_load_state("networkidle")


def _leaves(page: Page) -> None:
    page.goto("/crm/")
    page.locator("details.account summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(re.compile("/login"))


def _reveals(page: Page) -> None:
    page.get_by_role("button", name="Reveal").click()
    expect(page.get_by_role("button", name="Reveal")).to_have_count(0)


def _notes(page: Page) -> None:
    page.get_by_role("form", name="Add a note").locator("textarea").fill("Asked to be called in the evening.")
    page.get_by_role("button", name="Add note").click()
    expect(page.get_by_text("Asked to be called in the evening.").first).to_be_visible()


def _sets(page: Page) -> None:
    page.goto("/fmo/settings")
    number = page.get_by_role("main").locator("input[inputmode=numeric]").last
    number.fill(str(int(number.input_value()) - 1))
    page.get_by_role("button", name=re.compile("^Save")).first.click()
    page.wait_for_load_state("networkidle")


def _log(officer: Page) -> list[dict[str, str]]:
    pages.open_place(officer, "Access log")
    with officer.expect_download() as download:
        officer.get_by_role("link", name=re.compile("as CSV")).click()
    return list(csv.DictReader(io.StringIO(download.value.path().read_text(encoding="utf-8-sig"))))
