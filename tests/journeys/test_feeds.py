"""An FMO admin hands in carrier files through the page: one that is known, a broken one, one with rows to refuse."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import FilePayload, Page, expect

from tests.journeys import pages
from tests.journeys.conftest import JOURNEY, SignedIn
from tests.journeys.live import Portal

pytestmark = JOURNEY

HEADER = (
    "Policy Number;Insured Name;Product;Plan Letter;Issue Date;Paid To Date;Mode;Modal Premium;Status;"
    "Writing Agent Number"
)


def carrier_file(name: str, *lines: str) -> FilePayload:
    """A file as a carrier without NPNs sends it; each line is number, insured, issue date, writing number by commas."""
    rows = [HEADER]
    for line in lines:
        number, insured, issued, writer = line.split("|")
        rows.append(f"{number};{insured};Medicare Supplement;G;{issued};12/01/2026;Monthly;148.20;In Force;{writer}")
    return {"name": name, "mimeType": "text/csv", "buffer": "\n".join(rows).encode()}


def hand_in(admin: Page, file: Path | FilePayload) -> None:
    """Choose the file on the page and send it."""
    pages.open_place(admin, "Feed runs")
    admin.get_by_role("link", name="Load a file").first.click()
    pages.field(admin, "File").set_input_files(file)
    admin.get_by_role("button", name="Load the file").click()


def test_a_known_file_changes_nothing(signed_in: SignedIn, portal: Portal) -> None:
    admin = signed_in("admin@lakeside.example")
    folder = portal.demo / "lakeside"
    file = next(path for path in sorted(folder.iterdir()) if path.name not in ("agents.csv", "crosswalk.csv"))
    hand_in(admin, file)
    expect(pages.run_ends(admin)).to_contain_text("Nothing in the book changed")
    numbers = pages.figures(admin)
    assert (numbers["New"], numbers["Changed"]) == (0, 0)
    assert numbers["Unchanged"] > 0


def test_a_broken_file_is_refused_in_words(signed_in: SignedIn) -> None:
    admin = signed_in("admin@lakeside.example")
    broken: FilePayload = {
        "name": "book.xlsx",
        "mimeType": "application/octet-stream",
        "buffer": b"PK\x03\x04 not a workbook",
    }
    hand_in(admin, broken)
    expect(pages.run_ends(admin)).to_contain_text("The workbook is damaged")


def test_refused_rows_are_told_with_their_reasons(signed_in: SignedIn) -> None:
    admin = signed_in("admin@lakeside.example")
    hand_in(
        admin,
        carrier_file(
            "refused.csv",
            "JRNY-0001|QUILL, AGATHA|03/01/2024|0000JX",
            "JRNY-0002|QUILL, BERNARD|31/31/2024|0000JX",
            "JRNY-0003||03/01/2024|0000JX",
        ),
    )
    run = pages.run_ends(admin)
    expect(run).to_contain_text("1 policy is new")
    expect(run).to_contain_text("2 rows were refused")
    if not pages.table(admin, "Rows not taken").count():
        admin.reload()
    reasons = {row["Row"]: row["Why"] for row in pages.read(admin, "Rows not taken")}
    assert set(reasons) == {"3", "4"}
    with admin.expect_download() as download:
        admin.get_by_role("link", name="rows not taken").click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    assert all(reason in text for reason in reasons.values())
