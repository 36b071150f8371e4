"""A compliance officer does the weekly review: looks, judges, signs, and takes the proof along."""

from __future__ import annotations

import json
import re

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from playwright.sync_api import expect

from tests.journeys import pages
from tests.journeys.conftest import JOURNEY, Open, SignedIn
from tests.journeys.live import Portal

pytestmark = JOURNEY
PAPER = 672  # pixels between the margins of an A4 sheet


def test_a_review_from_its_findings_to_its_signature(signed_in: SignedIn) -> None:
    officer = signed_in("compliance@lakeside.example")
    pages.open_place(officer, "Reviews")
    officer.get_by_role("main").get_by_role("link", name="Go on with review 1").click()
    found = officer.get_by_role("table", name="Findings by kind")
    expect(found).to_contain_text("Crosswalk and attributions")
    found.get_by_role("link", name="Crosswalk and attributions").click()
    officer.get_by_text("of this kind that are not judged are fine").click()
    officer.get_by_label("Why all of these are fine").fill("The first import, by the administrator")
    officer.get_by_role("button", name="All of these are fine").click()
    officer.get_by_role("link", name=re.compile(r"^Judge \d+ finding")).click()
    officer.get_by_label("All on this page").check()
    officer.get_by_label("Fine", exact=True).check()
    officer.get_by_role("button", name="Keep the judgement").click()
    expect(officer.get_by_text("Nothing matches these filters")).to_be_visible()
    officer.get_by_role("link", name="Review 1", exact=True).click()
    officer.get_by_role("button", name="Sign off review 1").click()
    expect(officer.get_by_text("holds, and the findings are those that were signed")).to_be_visible()
    with officer.expect_download() as download:
        officer.get_by_role("link", name="the signed review as JSON").click()
    told = json.loads(download.value.path().read_text(encoding="utf-8"))
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(told["public_key"]))
    key.verify(bytes.fromhex(told["signature"]), told["statement"].encode())
    assert len(told["findings"]) == json.loads(told["statement"])["findings"]

    printed = officer.get_by_role("link", name="Page for print").get_attribute("href")
    officer.set_viewport_size({"width": PAPER, "height": 950})
    officer.emulate_media(media="print")
    officer.goto(str(printed))
    expect(officer.get_by_role("table", name="Findings")).to_be_visible()
    assert officer.evaluate("document.documentElement.scrollWidth") <= PAPER, "the signature is cut off on paper"


def test_a_finding_is_judged_without_script_on_a_phone(open_browser: Open, portal: Portal) -> None:
    officer = open_browser(java_script_enabled=False, viewport={"width": 390, "height": 844}).new_page()
    pages.sign_in(officer, "compliance@summit.example", portal.password)
    officer.goto("/compliance/reviews")
    officer.get_by_role("main").get_by_role("link", name="Review 1", exact=True).click()
    officer.get_by_role("table", name="Findings by kind").get_by_role("link").first.click()
    officer.get_by_role("checkbox", name="Tick").first.check()
    officer.get_by_label("Follow up", exact=True).check()
    officer.get_by_role("button", name="Keep the judgement").click()
    expect(officer.get_by_role("heading", name="There is a problem")).to_be_visible()
    expect(officer.get_by_role("checkbox", name="Tick").first).to_be_checked()
    officer.get_by_label("Note").fill("Ask Maria about it")
    officer.get_by_role("button", name="Keep the judgement").click()
    officer.goto("/compliance/reviews")
    expect(officer.get_by_role("table", name="Open follow-ups")).to_contain_text("Ask Maria about it")
