"""An agency expects more policies than its account shows: the form says why beforehand, and one click mends it."""

from __future__ import annotations

import csv
from pathlib import Path

from playwright.sync_api import expect

from portal.demo.cast import AGENCY_NPN
from tests.journeys import pages, truth
from tests.journeys.conftest import JOURNEY, SignedIn
from tests.journeys.live import Portal

pytestmark = JOURNEY


def test_the_gap_is_shown_before_and_closed_by_one_click(signed_in: SignedIn, portal: Portal) -> None:
    agency, principal = _agency_whose_principal_writes_too(portal.demo)
    name = f"{principal['first_name']} {principal['last_name']}"
    own = len(truth.policies_of(portal.demo, "summit", agency["npn"]))
    more = len(truth.policies_of(portal.demo, "summit", principal["npn"]))
    admin = signed_in("admin@summit.example")
    pages.open_place(admin, "Agencies")
    admin.get_by_role("link", name=agency["name"]).click()
    pages.log_activity(admin, pages.PROVISION)
    expect(admin.get_by_text(f"{own} {'policy' if own == 1 else 'policies'} of")).to_be_visible()
    expect(admin.get_by_label(f"go on to add {name}")).not_to_be_checked()
    expect(admin.get_by_text("the account starts empty.").last).to_be_visible()
    admin.get_by_label("Enable Policy Sync").check()
    expect(admin.get_by_text("Not ticked: nothing of this is copied")).to_have_count(0)
    admin.get_by_role("button", name="Complete").click()
    expect(pages.run_ends(admin).locator(".run-sentence")).to_contain_text(f"{own} polic")

    admin.get_by_role("link", name=f"Add {name}").first.click()

    expect(pages.field(admin, "Last name")).to_have_value(principal["last_name"])
    expect(admin.get_by_text(f"A run would add {more};")).to_be_visible()
    pages.field(admin, "Email").fill("second.address@bluebird.example")
    admin.get_by_role("button", name="Complete").click()
    expect(admin.get_by_role("heading", level=1, name=agency["name"])).to_be_visible()
    expect(pages.run_ends(admin).locator(".run-sentence")).to_contain_text(f"{own + more} policies and")
    expect(admin.get_by_role("link", name=f"Add {name}")).to_have_count(0)


def _agency_whose_principal_writes_too(folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """An agency that has no account yet, and its principal; both have written policies under their own NPNs."""
    with (folder / "summit" / "agents.csv").open(newline="", encoding="utf-8") as file:
        records = {row["npn"]: row for row in csv.DictReader(file)}
    for row in records.values():
        if row["principal"] == "yes" and row["agency_npn"] != AGENCY_NPN:
            both = [truth.policies_of(folder, "summit", npn) for npn in (row["npn"], row["agency_npn"])]
            if all(both):
                return records[row["agency_npn"]], row
    raise AssertionError("no principal of the demo writes under both NPNs")
