"""An FMO admin maps the file of a carrier that no layout knows, loads it, and accepts a renamed column later."""

from __future__ import annotations

import re

from playwright.sync_api import FilePayload, Page, expect

from tests.journeys import accessibility, pages
from tests.journeys.conftest import JOURNEY, SignedIn
from tests.journeys.test_feeds import hand_in
from tests.portal.book import sunrise

pytestmark = JOURNEY

COLUMNS = {
    "Policy or certificate number": "Vertragsnr", "Full name in one column": "Person", "Birth date": "Geb",
    "First day of coverage": "Beginn", "Last day of coverage": "Ende", "Status of the policy": "Zust",
    "Name of the plan": "the 2nd Plan",
}  # fmt: skip


def sample(name: str, **renamed: str) -> FilePayload:
    """A file of the invented carrier, some of its columns renamed."""
    header = [renamed.get(one, one) for one in sunrise.HEADER]
    return {"name": name, "mimeType": "text/csv", "buffer": sunrise.file_of(header=header)}


def go_on(admin: Page) -> None:
    """See that everybody can use the page, and send it."""
    assert accessibility.faults(admin) == []
    admin.get_by_role("button", name="Continue").click()


def choose(admin: Page, label: str, option: str) -> None:
    """Choose an option of the field whose label begins so."""
    admin.get_by_role("combobox", name=re.compile(f"^{re.escape(label)}")).select_option(label=option)


def test_a_carrier_never_seen_is_mapped_and_its_renamed_column_accepted(signed_in: SignedIn) -> None:
    admin = signed_in("admin@summit.example")
    pages.open_place(admin, "Connectors")
    admin.get_by_role("link", name="New SmartConnector").click()
    pages.field(admin, "File").set_input_files(sample("sunrise_20261103.csv"))
    admin.get_by_role("button", name="Look at the sample").click()
    expect(admin.get_by_role("heading", level=1, name="What we see")).to_be_visible()
    expect(pages.table(admin, "Columns of the file")).to_contain_text("Names, last name first")
    expect(admin.locator("main")).not_to_contain_text("REYES")
    go_on(admin)
    go_on(admin)
    expect(admin.get_by_role("alert")).to_contain_text("First day of coverage: choose its column")
    for label, column in COLUMNS.items():
        choose(admin, label, column)
    go_on(admin)
    expect(admin.get_by_role("heading", level=1, name="How it reads")).to_be_visible()
    for word, meaning in (("L (4)", "Active"), ("B (1)", "Terminated"), ("K (1)", "Lapsed")):
        choose(admin, word, meaning)
    choose(admin, "The same product", "MAPD (Medicare)")
    choose(admin, "Column with the writing agent’s NPN", "Vermittler")
    admin.get_by_label("Whom these columns name").fill("The agent who signed the application.")
    admin.get_by_label("Name of the new carrier").fill("Sunrise Gesundheit")
    go_on(admin)
    expect(admin.get_by_role("alert")).to_contain_text("Confirm that this is the agent who wrote the policy")
    admin.get_by_label("I confirm that this is the agent").check()
    go_on(admin)
    expect(pages.table(admin, "First rows")).to_contain_text("Reyes, Dana M")
    assert accessibility.faults(admin) == []
    admin.get_by_role("button", name="Save as SmartConnector").click()
    expect(pages.run_ends(admin)).to_contain_text("6 policies are new")

    hand_in(admin, sample("sunrise_20261110.csv", Geb="Geburtstag", Beginn="Anfang"))
    expect(pages.run_ends(admin)).to_contain_text("The file is frozen: 4 columns differ")
    admin.get_by_role("link", name="Compare the columns").click()
    expect(admin.get_by_role("combobox", name=re.compile("^Geb:"))).to_contain_text("Geburtstag")
    expect(pages.table(admin, "Columns then and now")).to_contain_text("Anfang")
    assert accessibility.faults(admin) == []
    admin.get_by_role("button", name="Accept and load").click()
    expect(pages.run_ends(admin)).to_contain_text("Nothing in the book changed")

    pages.open_place(admin, "Connectors")
    admin.get_by_role("link", name="Sunrise Gesundheit book of business").click()
    expect(admin.get_by_role("heading", name="How these files are read")).to_be_visible()
    assert accessibility.faults(admin) == []
    admin.get_by_role("link", name="Change how they are read").click()
    expect(admin.get_by_role("button", name="Check on the last file")).to_be_visible()
    assert accessibility.faults(admin) == []
