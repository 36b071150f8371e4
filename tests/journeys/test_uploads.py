"""Clients came without e-mail addresses, and the agent uploads a list with them: filled in, and nobody twice."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from pathlib import Path

from playwright.sync_api import FilePayload, Page, expect

from portal.demo.cast import AGENT_NPN
from tests.journeys import pages
from tests.journeys.conftest import JOURNEY, Open, SignedIn
from tests.journeys.live import Portal

pytestmark = JOURNEY
AGENT = "agent@summit.example"


def silent(folder: Path) -> list[dict[str, str]]:
    """The agent's clients of whom no carrier knows an e-mail address and no other client has the name."""
    with (folder / "truth.csv").open(newline="", encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file) if (r["fmo"], r["writing_npn"]) == ("summit", AGENT_NPN)]
    named: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        named[row["member_first"], row["member_last"]].append(row)
    people = [found for found in named.values() if len({(r["dob"], r["mbi"]) for r in found}) == 1]
    return [found[0] for found in people if not any(r["email"] for r in found)]


def client_list(people: list[dict[str, str]]) -> FilePayload:
    """The agent's own list: the Medicare number where it is known, else a name and an e-mail address alone."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(("First Name", "Last Name", "Medicare Number", "E-mail", "Mobile", "Phone"))
    for number, one in enumerate(people):
        email = f"client{number}@mail.example"
        writer.writerow((one["member_first"], one["member_last"], one["mbi"], email, "", ""))
    writer.writerow(("Entirely", "Newcomer", "", "newcomer@mail.example", "", ""))
    writer.writerow(("Wrong", "Number", "12345", "wrong@mail.example", "", ""))
    return {"name": "my clients.csv", "mimeType": "text/csv", "buffer": file.getvalue().encode()}


def without_email(page: Page) -> int:
    """How many contacts of the account have no e-mail address."""
    page.goto("/crm/contacts?email=none")
    return len(pages.read(page, "Contacts"))


def hand_in(page: Page, file: FilePayload) -> None:
    """Upload the file and take the columns as they are proposed."""
    pages.open_place(page, "Uploads")
    page.get_by_role("link", name="Upload contacts").first.click()
    pages.field(page, "File").set_input_files(file)
    page.get_by_role("button", name="Upload", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="What the columns mean")).to_be_visible()
    expect(page.get_by_text("“Phone” may be the phone too")).to_be_visible()
    page.get_by_role("button", name="Show what it would do").click()
    expect(page.get_by_text("If you apply it:")).to_be_visible()


def test_missing_emails_are_filled_in_and_nobody_is_there_twice(signed_in: SignedIn, portal: Portal) -> None:
    people = silent(portal.demo)
    known = [one for one in people if one["mbi"]]
    named = [one for one in people if not one["mbi"]]
    assert known, "the demo has people without an e-mail address"
    agent = signed_in(AGENT)
    before, mute = pages.contacts(agent), without_email(agent)

    hand_in(agent, client_list(people))
    expect(agent.get_by_text(f"1 new, {len(known)} matched ({len(known)} e-mails filled in)")).to_be_visible()
    if named:
        agent.get_by_role("button", name="exactly one candidate").click()
        expect(agent.get_by_text(f"{len(people)} matched ({len(people)} e-mails filled in)")).to_be_visible()
    agent.get_by_role("button", name="Apply").click()
    expect(
        agent.get_by_text(f"1 created, {len(people)} matched ({len(people)} e-mails filled in), 1 refused")
    ).to_be_visible()
    upload = agent.url
    assert pages.contacts(agent) == sorted([*before, "Newcomer, Entirely"]), "nobody stands there twice"
    assert without_email(agent) == mute - len(people)

    agent.goto(upload)
    agent.get_by_role("link", name="Undo this upload").click()
    agent.get_by_role("button", name="Undo this upload").click()
    expect(agent.get_by_text(f"1 contact removed, {len(people)} contacts as before the upload.")).to_be_visible()
    assert (pages.contacts(agent), without_email(agent)) == (before, mute)


def test_an_upload_without_script(open_browser: Open, portal: Portal) -> None:
    agent = open_browser(java_script_enabled=False, viewport={"width": 390, "height": 844}).new_page()
    pages.sign_in(agent, AGENT, portal.password)
    agent.goto("/crm/uploads/new")
    agent.get_by_label("File").set_input_files(
        {"name": "clients.csv", "mimeType": "text/csv", "buffer": b"Name,Email\nFresh Face,fresh@mail.example\n"}
    )
    agent.get_by_role("button", name="Upload", exact=True).click()
    agent.get_by_role("button", name="Show what it would do").click()
    agent.get_by_role("button", name="Apply 1 row").click()
    expect(agent.get_by_text("1 created, 0 matched.")).to_be_visible()
    agent.get_by_role("link", name="Undo this upload").click()
    agent.get_by_role("button", name="Undo this upload").click()
    expect(agent.get_by_text("1 contact removed")).to_be_visible()
