"""Somebody sets up a second factor, is asked for it, and proves again before a number is revealed."""

from __future__ import annotations

import time

import pyotp
from playwright.sync_api import Page, StorageState, expect

from tests.journeys import accessibility, pages
from tests.journeys.conftest import JOURNEY, Open
from tests.journeys.live import Portal

pytestmark = JOURNEY
WHO = "agent@lakeside.example"
ASK = {"X-Step-Up": "/step-up"}


def code(seed: str, steps: int) -> str:
    """What the app shows, `steps` steps from now."""
    return pyotp.TOTP(seed).generate_otp(int(time.time()) // 30 + steps)


def confirm(page: Page, given: str) -> None:
    page.get_by_label("Code", exact=True).fill(given)
    page.get_by_role("button", name="Confirm", exact=True).click()


def test_from_the_first_code_to_the_last(
    open_browser: Open, portal: Portal, remembered: dict[str, StorageState], heard: list[str]
) -> None:
    remembered.pop(WHO, None)  # every other session of theirs ends
    page, faults = open_browser().new_page(), []
    pages.sign_in(page, WHO, portal.password)
    page.get_by_text("Agent – ", exact=False).first.click()
    page.get_by_role("link", name="Sign-in and security").click()
    page.get_by_role("link", name="Set up an app").click()
    faults += accessibility.faults(page)
    page.get_by_text("Type it instead").click()
    seed = page.locator(".secret").inner_text().replace(" ", "")
    first = code(seed, 0)
    confirm(page, first)
    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    faults += accessibility.faults(page)
    recovery = page.locator(".recovery-codes li").all_inner_texts()
    with page.expect_download() as kept:
        page.get_by_role("button", name="Save as a file").click()
    assert kept.value.path().read_text().split() == recovery
    page.get_by_role("link", name="I have kept them").click()
    try:
        _second(open_browser().new_page(), portal, seed, first, recovery, faults)
    finally:
        page.goto("/account/security")
        page.get_by_role("button", name="Remove", exact=True).click()
        expect(page.get_by_role("link", name="Set up an app")).to_be_visible()
    assert not faults, "\n".join(faults)
    heard[:] = [said for said in heard if "422" not in said and "403" not in said]  # what was refused on purpose


def _second(page: Page, portal: Portal, seed: str, first: str, recovery: list[str], faults: list[str]) -> None:
    pages.sign_in(page, WHO, portal.password)
    page.wait_for_url("**/login/second")
    faults += accessibility.faults(page)
    confirm(page, first)  # used up when it was set up
    expect(page.get_by_role("alert").first).to_contain_text("used already")
    faults += accessibility.faults(page)
    confirm(page, code(seed, 1))
    page.wait_for_url("**/crm/")
    pages.open_place(page, "Contacts")
    _open_one_with_a_number(page)
    # Twenty minutes are too long for a journey: the first answer is what the guard would give after them.
    page.route("**/mbi", lambda route: route.fulfill(status=403, headers=ASK, body=""), times=1)
    page.get_by_role("button", name="Reveal").click()
    dialog = page.get_by_role("dialog", name="Confirm that it is you")
    expect(dialog).to_be_visible()
    faults += accessibility.faults(page)
    dialog.get_by_text("Use a recovery code").click()
    dialog.get_by_label("Recovery code").last.fill(recovery[3])
    dialog.get_by_role("button", name="Use this code").click()
    expect(page.get_by_text("Logged as revealed.")).to_be_visible()
    expect(dialog).to_be_hidden()


def _open_one_with_a_number(page: Page) -> None:
    """Open the first contact whose Medicare number is known."""
    hrefs: list[str] = page.locator("tbody a[href^='/crm/contacts/']").evaluate_all(
        "links => links.map(a => a.getAttribute('href'))"
    )
    for href in dict.fromkeys(hrefs):
        page.goto(href)
        if page.get_by_role("button", name="Reveal").count():
            return
    raise AssertionError("no contact has a Medicare number")
