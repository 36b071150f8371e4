"""A passkey in a real browser, with a device that Chrome plays: set up, used as second factor and before what is
delicate, found out when it was copied, and worth nothing once it is removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Page, expect

from tests.journeys import accessibility, pages
from tests.journeys.conftest import JOURNEY, Open
from tests.journeys.live import Portal

pytestmark = JOURNEY
WHO = "deputy@summit.example"  # nobody else's journey is theirs


@dataclass(slots=True)
class Device:
    """What Chrome plays: a device that always recognises its owner, until it is told not to."""

    cdp: CDPSession
    id: str

    def credentials(self) -> list[dict[str, Any]]:
        found = self.cdp.send("WebAuthn.getCredentials", {"authenticatorId": self.id})
        held: list[dict[str, Any]] = found["credentials"]
        return held

    def knows_owner(self, known: bool) -> None:
        self.cdp.send("WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": known})

    def replace_by(self, credential: dict[str, Any]) -> None:
        """Have in this device what was read out of another one."""
        self.cdp.send("WebAuthn.clearCredentials", {"authenticatorId": self.id})
        self.cdp.send("WebAuthn.addCredential", {"authenticatorId": self.id, "credential": credential})


def device(page: Page) -> Device:
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options |= {"isUserVerified": True, "automaticPresenceSimulation": True}
    return Device(cdp, cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"])


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any], portal: Portal) -> dict[str, Any]:
    """Browsers at the portal's name: passkeys are kept under names, and the demo's address is a number."""
    return {**browser_context_args, "base_url": _named(portal)}


@pytest.fixture
def page(open_browser: Open) -> Page:
    """A browser of the journey's own."""
    return open_browser().new_page()


def test_a_passkey_from_its_set_up_to_its_end(page: Page, portal: Portal) -> None:
    held = device(page)
    pages.sign_in(page, WHO, portal.password)
    page.wait_for_url("**/fmo/")
    codes = set_up(page, "Work laptop")
    assert len(codes) == 10
    copy = held.credentials()[0]

    sign_in_with_passkey(page, portal)
    sign_in_with_nothing_else(page)
    stepped_up(page)
    renamed(page)

    # The copy counts from where the device stood: it is found out, and neither is taken any more.
    sign_out(page)
    held.replace_by(copy)
    pages.sign_in(page, WHO, portal.password)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("was not confirmed")
    assert page.url.endswith("/login/second")
    use_code(page, codes[0])
    page.goto("/account/security")
    expect(page.get_by_text("a copy of it was used")).to_be_visible()
    assert accessibility.faults(page) == []

    removed(page, "Blue laptop")
    sign_out(page)
    pages.sign_in(page, WHO, portal.password)
    page.wait_for_url("**/fmo/")  # the demo demands no second factor, and there is none any more


def test_a_removed_passkey_and_a_cancelled_question(page: Page, portal: Portal) -> None:
    held = device(page)
    pages.sign_in(page, WHO, portal.password)
    page.wait_for_url("**/fmo/")
    codes = set_up(page, "First")
    first = held.credentials()
    held.cdp.send("WebAuthn.clearCredentials", {"authenticatorId": held.id})
    set_up(page, "Second")
    removed(page, "First")

    sign_out(page)
    held.replace_by(first[0])
    pages.sign_in(page, WHO, portal.password)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.locator("[data-trouble]")).to_contain_text("Nothing was confirmed")
    assert accessibility.faults(page) == []
    expect(page.get_by_role("button", name="Use a passkey")).to_be_enabled()
    use_code(page, codes[0])
    removed(page, "Second")


def test_a_device_that_does_not_know_its_owner_adds_nothing(page: Page, portal: Portal) -> None:
    held = device(page)
    pages.sign_in(page, WHO, portal.password)
    page.wait_for_url("**/fmo/")
    held.knows_owner(False)
    page.goto("/account/passkeys/new")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.locator("[data-trouble]")).to_contain_text("Nothing was confirmed")
    assert accessibility.faults(page) == []
    page.goto("/account/security")
    expect(page.get_by_text("You have none yet.")).to_be_visible()


def test_a_number_is_no_name_for_a_passkey(open_browser: Open, portal: Portal) -> None:
    page = open_browser().new_page()
    page.goto(f"{portal.url}/login")
    page.get_by_label("Email").fill(WHO)
    page.get_by_label("Password").fill(portal.password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/fmo/")
    page.goto(f"{portal.url}/account/passkeys/new")
    expect(page.get_by_role("link", name=_named(portal))).to_be_visible()
    expect(page.get_by_role("button", name="Add a passkey")).to_be_hidden()


def test_without_script_the_page_says_so(open_browser: Open, portal: Portal) -> None:
    page = open_browser(java_script_enabled=False).new_page()
    pages.sign_in(page, WHO, portal.password)
    page.wait_for_url("**/fmo/")
    page.goto("/account/passkeys/new")
    assert "Passkeys need script" in page.content()  # what stands in <noscript> has no visible text for Playwright
    expect(page.get_by_role("button", name="Add a passkey")).to_be_hidden()


def _named(portal: Portal) -> str:
    return portal.url.replace("127.0.0.1", "localhost")


def set_up(page: Page, name: str) -> list[str]:
    """Add a passkey; the recovery codes that are shown with the first one."""
    page.goto("/account/security")
    page.get_by_role("link", name="Add a passkey").click()
    pages.field(page, "Name").fill(name)
    page.get_by_role("button", name="Add a passkey").click()
    page.wait_for_url(lambda url: not url.endswith("/new"), timeout=60_000)  # ten recovery codes are hashed slowly
    codes = page.locator(".recovery-codes li").all_inner_texts()
    if codes:
        page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_role("rowheader", name=name)).to_be_visible()
    return codes


def sign_in_with_passkey(page: Page, portal: Portal) -> None:
    sign_out(page)
    pages.sign_in(page, WHO, portal.password)
    page.wait_for_url("**/login/second")
    assert accessibility.faults(page) == []
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/fmo/")


def sign_in_with_nothing_else(page: Page) -> None:
    sign_out(page)
    assert accessibility.faults(page) == []
    page.get_by_role("button", name="Use a passkey instead").click()
    page.wait_for_url("**/fmo/")


def stepped_up(page: Page) -> None:
    page.goto("/step-up?next=/account/passkeys/new")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", level=1, name="Add a passkey")).to_be_visible()


def renamed(page: Page) -> None:
    page.goto("/account/security")
    page.get_by_role("link", name="Rename Work laptop").click()
    pages.field(page, "Name").fill("Blue laptop")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("rowheader", name="Blue laptop")).to_be_visible()


def removed(page: Page, name: str) -> None:
    page.goto("/account/security")
    page.get_by_role("link", name=f"Remove {name}").click()
    page.get_by_role("button", name="Remove this passkey").click()
    page.wait_for_url("**/account/security")
    expect(page.get_by_role("rowheader", name=name)).to_be_hidden()


def use_code(page: Page, code: str) -> None:
    page.get_by_text("Use a recovery code", exact=True).click()
    page.get_by_label("Recovery code", exact=True).and_(page.locator("input")).fill(code)
    page.get_by_role("button", name="Use this code").click()
    page.wait_for_url("**/fmo/")


def sign_out(page: Page) -> None:
    page.goto("/fmo/")
    page.locator(".account > summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/login")
