"""A row is refused, put right in the browser and loaded; the next file with the same word loads without asking."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.journeys import accessibility, pages
from tests.journeys.conftest import JOURNEY, SignedIn
from tests.journeys.test_feeds import carrier_file, hand_in

pytestmark = JOURNEY


def test_a_word_is_decided_once(signed_in: SignedIn) -> None:
    admin = signed_in("admin@summit.example")
    first = carrier_file("word.csv", "QRNT-0001|QUILL, AGATHA|03/01/2024|0000JX")
    first["buffer"] = first["buffer"].replace(b"In Force", b"Quite Fine")
    hand_in(admin, first)
    expect(pages.run_ends(admin)).to_contain_text("1 row was refused")
    pages.open_place(admin, "Quarantine")
    pages.table(admin, "Refused rows").locator("tbody").get_by_role("link").first.click()
    assert not accessibility.faults(admin)
    admin.get_by_label("Status", exact=True).select_option("active")
    admin.get_by_role("button", name="Check").click()
    expect(admin.get_by_text("It can be read now")).to_be_visible()
    admin.get_by_role("button", name="Load this row").click()
    expect(pages.run_ends(admin)).to_contain_text("1 policy is new")
    following = carrier_file("word-again.csv", "QRNT-0002|QUILL, BERNARD|03/01/2024|0000JX")
    following["buffer"] = following["buffer"].replace(b"In Force", b"Quite Fine")
    hand_in(admin, following)
    run = pages.run_ends(admin)
    expect(run).to_contain_text("1 policy is new")
    expect(run).not_to_contain_text("refused.")
