"""How a person works with the pages: signs in, reads a list to its end, picks an activity, waits for a run."""

from __future__ import annotations

import email
import email.policy
import re
import time
from email.message import EmailMessage
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.journeys.truth import Line

PROVISION = "[Agent CRM] Provision New Agent Business Activity"
SYNC = "[Agent CRM] Enable/Disable Policy and Member Sync"
ADD_AGENT = "[Agent CRM] Add Agent to Existing Agent CRM Business Activity"
RUN_SECONDS = 40
_LINK = re.compile(r"https?://\S+/invite/\S+")


def sign_in(page: Page, address: str, password: str) -> None:
    """Fill in the sign-in form and send it."""
    page.goto("/login")
    page.get_by_label("Email").fill(address)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def open_place(page: Page, name: str) -> None:
    """Go to a place of the rail."""
    page.get_by_role("navigation", name="Places").get_by_role("link", name=name, exact=True).first.click()
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()


def log_activity(page: Page, name: str) -> None:
    """Open Log Activity on a record and choose an activity."""
    page.get_by_text("Log Activity", exact=True).click()
    page.get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def table(page: Page, name: str) -> Locator:
    """The list of that name."""
    return page.get_by_role("table", name=name)


def read(page: Page, name: str) -> list[dict[str, str]]:
    """Every row of the list, over all of its pages, by the words of its header."""
    rows = _rows(page, name)
    while (following := page.get_by_role("link", name="Next page")).count():
        before = page.locator(".count").inner_text()
        following.click()
        expect(page.locator(".count")).not_to_have_text(before)
        rows += _rows(page, name)
    return rows


def _rows(page: Page, name: str) -> list[dict[str, str]]:
    if not table(page, name).count():
        return []
    names = [text.strip() for text in table(page, name).locator("thead th").all_text_contents()]
    # One question for the whole page of rows: asking cell by cell takes a second a list.
    cells: list[list[str]] = (
        table(page, name)
        .locator("tbody tr")
        .evaluate_all(
            "rows => rows.map(row => [...row.cells].map(cell => cell.textContent.replace(/\\s+/g, ' ').trim()))"
        )
    )
    return [dict(zip(names, row, strict=True)) for row in cells]


def field(page: Page, label: str) -> Locator:
    """The field of that label in the page's form, marked optional or not."""
    named = page.get_by_role("main").get_by_label(re.compile(rf"^{re.escape(label)}( \(optional\))?$"))
    return named.and_(page.locator("input, select, textarea"))  # a form may have the same name


def search(page: Page, text: str) -> None:
    """Search the list that is open for a name or number."""
    box = page.get_by_role("main").get_by_role("searchbox").first
    box.fill(text)
    box.press("Enter")
    page.wait_for_url("**q=*")


def policies(page: Page) -> list[Line]:
    """The agent's whole list of policies, sorted."""
    open_place(page, "Policies")
    rows = read(page, "Policies")
    return sorted(
        Line(plain(row["Member"]), row["Policy number"], row["Carrier"], row["Status"], row["Effective"], row["Term"])
        for row in rows
    )


def contacts(page: Page) -> list[str]:
    """The names of the agent's contacts, sorted."""
    open_place(page, "Contacts")
    return sorted(plain(row["Name"]) for row in read(page, "Contacts"))


def plain(listed: str) -> str:
    """ "Munoz, Joann" of "Munoz, Joann W., Jr": `truth.csv` knows neither middle initials nor suffixes."""
    return re.sub(r"( [A-Z]\.)?(, (Jr|Sr|II|III|IV))?$", "", listed)


def figures(page: Page) -> dict[str, int]:
    """The numbers of the run that is shown first."""
    run = run_ends(page)
    names, values = run.locator("dt").all_inner_texts(), run.locator("dd").all_inner_texts()
    return {name: int(value.replace(",", "")) for name, value in zip(names, values, strict=True) if value[0].isdigit()}


def run_ends(page: Page) -> Locator:
    """Wait until the run on this page is over; returns its outcome."""
    outcome = page.locator(".run.over").first
    expect(outcome).to_be_visible(timeout=RUN_SECONDS * 1000)
    return outcome


def invitation(outbox: Path, address: str, seconds: float = 20) -> str:
    """The link in the newest mail to `address`; waits for the mail."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        mails = [_parsed(path) for path in sorted(outbox.glob("*.eml"))] if outbox.exists() else []
        for mail in reversed(mails):
            if address in str(mail["To"]):
                found = _LINK.search(mail.get_content())
                assert found, "the mail has no link"
                return found[0]
        time.sleep(0.2)
    raise AssertionError(f"no mail to {address} came within {seconds} seconds")


def _parsed(path: Path) -> EmailMessage:
    return email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
