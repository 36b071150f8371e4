"""What a person has opened or ticked stays as they left it while the page goes on around them."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.journeys import pages
from tests.journeys.conftest import JOURNEY, SignedIn
from tests.journeys.test_provisioning import resync

pytestmark = JOURNEY

ADMIN = "admin@summit.example"


def test_what_was_opened_stays_open_when_a_run_ends(signed_in: SignedIn) -> None:
    admin = signed_in(ADMIN)
    pages.open_place(admin, "Businesses")
    admin.locator("#results tbody th a").first.click()
    resync(admin)
    details = admin.locator(".timeline details").last
    details.locator("summary").click()
    expect(details.locator("dl").first).to_be_visible()

    pages.run_ends(admin)
    admin.wait_for_timeout(1500)  # what stands around the run is fetched anew

    expect(admin.locator(".timeline details").last.locator("dl").first).to_be_visible()
    expect(admin.locator(".timeline details[open]")).to_have_count(1)


def test_one_box_ticks_all_by_the_keyboard(signed_in: SignedIn) -> None:
    admin = signed_in(ADMIN)
    pages.open_place(admin, "Businesses")
    every = admin.get_by_label("All on this page")
    boxes = admin.locator("#results tbody input[type=checkbox]")

    every.focus()
    admin.keyboard.press("Space")
    assert boxes.count() and all(box.is_checked() for box in boxes.all())

    boxes.first.uncheck()
    assert not every.is_checked() and all(box.is_checked() for box in boxes.all()[1:])
    boxes.first.check()
    assert every.is_checked()
