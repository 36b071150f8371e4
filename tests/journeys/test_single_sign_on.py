"""Single sign-on against a certified provider, from setting it up to being signed out by it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import pages
from tests.journeys.accessibility import faults
from tests.journeys.conftest import JOURNEY, Open
from tests.journeys.live import Portal
from tests.support import oidc_peer
from tests.support.oidc_peer import Peer

pytestmark = [*JOURNEY, pytest.mark.oidc, pytest.mark.timeout(300)]
ADMIN, DEPUTY = "admin@summit.example", "deputy@summit.example"
AT = "/fmo/settings/single-sign-on"


@pytest.fixture(scope="module")
def peer(portal: Portal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """The provider, with the demo's first FMO as its client."""
    oidc_peer.there_or_skip()
    with oidc_peer.running(portal.url, "summit", Path(tmp_path_factory.mktemp("oidc")) / "log") as running:
        yield running


@pytest.fixture
def visit(open_browser: Open) -> Callable[[], Page]:
    """A page of a browser of its own, to which the provider's pages send no fonts of somebody else."""

    def opened() -> Page:
        context = open_browser()
        context.route(re.compile("googleapis"), lambda route: route.fulfill(body="", content_type="text/css"))
        return context.new_page()

    return opened


def at_the_provider(page: Page, peer: Peer, name: str | None) -> None:
    """Sign in there as `name`, if it asks, and agree."""
    expect(page).to_have_url(re.compile(re.escape(peer.issuer)))
    if name is not None:
        page.locator("input[name=login]").fill(name)
        page.locator("input[name=password]").fill("anything")
        page.get_by_role("button", name="Sign-in").click()
    page.wait_for_load_state()
    if page.url.startswith(peer.issuer):
        page.get_by_role("button", name="Continue").click()


def choose(page: Page, text: str) -> None:
    """From the sign-in page off to the provider of `text`."""
    page.goto("/login")
    page.get_by_role("link", name="Single sign-on").click()
    page.get_by_label("FMO or work e-mail address").fill(text)
    page.get_by_role("button", name="Continue").click()


def sign_out(page: Page) -> None:
    """By the menu of the person."""
    page.locator("details.account summary").click()
    page.get_by_role("banner").get_by_role("button", name="Sign out").click()


def set_up(page: Page, peer: Peer, secret: str) -> None:
    """Type the provider in and test it."""
    page.goto(AT)
    page.get_by_label("Issuer").fill(peer.issuer)
    page.get_by_label("Client id").fill(peer.client)
    page.get_by_label("Client secret").fill(secret)
    page.get_by_label("E-mail domains of your people").fill("summit.example")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Single sign-on is saved")).to_be_visible()
    page.get_by_role("button", name="Test the provider").click()
    expect(page.get_by_role("table", name="What the test found")).to_be_visible()


def test_from_setting_up_to_being_signed_out(visit: Callable[[], Page], portal: Portal, peer: Peer) -> None:
    page = visit()
    pages.sign_in(page, ADMIN, portal.password)
    page.wait_for_url("**/fmo/")
    set_up(page, peer, "not the secret")
    expect(page.get_by_text("does not accept the client or its secret")).to_be_visible()
    set_up(page, peer, peer.secret)
    expect(page.get_by_text("nothing was wrong")).to_be_visible()
    page.get_by_role("button", name="Offer single sign-on").click()
    expect(page.get_by_text("Offered at the sign-in")).to_be_visible()
    assert faults(page) == []

    page.goto("/account/security")
    page.get_by_role("button", name="Link single sign-on").click()
    at_the_provider(page, peer, "dana")
    expect(page.get_by_text(f"Linked with {peer.issuer}")).to_be_visible()
    sign_out(page)
    expect(page).to_have_url(re.compile("/login$"))

    choose(page, "summit")  # the provider still knows dana and asks nothing
    page.wait_for_url("**/fmo/")
    sign_out(page)
    page.get_by_role("button", name="Yes, sign me out").click()
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()

    choose(page, "Anybody@summit.example")
    at_the_provider(page, peer, "dana")
    page.wait_for_url("**/fmo/")
    _signed_out_there(page, peer)
    page.goto("/fmo/agents")
    expect(page).to_have_url(re.compile("/login"))

    _whom_the_provider_knows_and_the_portal_does_not(visit, peer)
    _passwords_off_and_on_again(visit, portal, peer)


def _signed_out_there(page: Page, peer: Peer) -> None:
    """In another tab of the same browser, at the provider alone; it tells the portal by its back channel."""
    tab = page.context.new_page()
    tab.goto(f"{peer.issuer}/session/end")
    tab.get_by_role("button", name="Yes, sign me out").click()
    tab.wait_for_load_state()
    tab.close()


def _whom_the_provider_knows_and_the_portal_does_not(visit: Callable[[], Page], peer: Peer) -> None:
    page = visit()
    choose(page, "summit")
    at_the_provider(page, peer, "sam")
    expect(page.get_by_role("heading", name="Single sign-on did not work")).to_be_visible()
    expect(page.get_by_text("this portal does not yet")).to_be_visible()
    page.goto("/fmo/")
    expect(page).to_have_url(re.compile("/login"))


def _passwords_off_and_on_again(visit: Callable[[], Page], portal: Portal, peer: Peer) -> None:
    page = visit()
    choose(page, "summit")
    at_the_provider(page, peer, "dana")
    page.wait_for_url("**/fmo/")
    page.goto(AT)
    keeper = page.get_by_label("Administrator who keeps a password")
    keeper.select_option(keeper.locator("option", has_text=DEPUTY).get_attribute("value"))
    page.get_by_label("I know that everybody else").check()
    page.get_by_role("button", name="Switch passwords off").click()
    expect(page.get_by_text("Local passwords are off.")).to_be_visible()
    other = visit()
    pages.sign_in(other, ADMIN, portal.password)
    expect(other.get_by_text("The email address or the password is not right").first).to_be_visible()
    pages.sign_in(other, DEPUTY, portal.password)
    other.wait_for_url("**/fmo/")
    page.get_by_role("button", name="Switch passwords on").click()
    page.get_by_role("button", name="Stop offering it").click()
    expect(page.get_by_text("Set up, not offered")).to_be_visible()
