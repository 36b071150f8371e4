"""Uploads in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from portal.core.csv_file import csv_text
from portal.core.words import counted
from portal.crm import words as contact_words
from portal.crm.models import Contact
from portal.crm.uploads import plan
from portal.crm.uploads.models import Upload
from portal.crm.words import FIELDS

STATES: Final = {
    "columns": ("Columns to be checked", "info"),
    "preview": ("Not applied yet", "info"),
    "applied": ("Applied", "good"),
    "undone": ("Undone", "neutral"),
}
RUNGS: Final = {
    "mbi": "Found by the Medicare number",
    "number": "Found by the member ID at the carrier",
    "person": "Found by name, birth date and ZIP code",
    "name": "Found by name and phone or e-mail",
    "chosen": "Chosen by a person",
}
STAYED: Final = {
    "linked": "A carrier's policy is behind it by now",
    "noted": "Somebody wrote on it since",
    "edited": "Somebody changed it since",
    "merged": "It was merged since",
    "left": "Its last policy left the account since",
}
NOTHING = "Nothing"
SILENT, SILENT_TWIN = "In your account", "May be somebody who is in your account"


def sentence(upload: Upload) -> str:
    """What became of the file, in one sentence."""
    counts = upload.counts
    made = counts.get(plan.CREATE, 0) + counts.get(plan.DUPLICATE, 0)
    done = upload.state != "preview"
    parts = [f"{made:,} {'created' if done else 'new'}", _matched(counts)]
    if counts.get(plan.DUPLICATE):
        parts.append(counted(counts[plan.DUPLICATE], "possible duplicate") + " among the new")
    if counts.get(plan.CANDIDATE):
        parts.append(f"{counts[plan.CANDIDATE]:,} {'waits' if counts[plan.CANDIDATE] == 1 else 'wait'} for you")
    for outcome, words in ((plan.REMOVED, "removed by you before"), (plan.LEFT, "left out"), (plan.ERROR, "refused")):
        if counts.get(outcome):
            parts.append(f"{counts[outcome]:,} {words}")
    return ", ".join(parts) + "."


def _matched(counts: dict[str, Any]) -> str:
    matched = counts.get(plan.MATCH, 0)
    emails = counts.get("emails", 0)
    gains = f" ({counted(emails, 'e-mail')} filled in)" if emails else ""
    return f"{matched:,} matched{gains}"


def undone(upload: Upload) -> str:
    """What was taken back, in one sentence."""
    found = upload.counts.get("undone", {})
    text = (
        f"{counted(found.get('removed', 0), 'contact')} removed,"
        f" {counted(found.get('blanked', 0), 'contact')} as before the upload."
    )
    kept = found.get("kept", 0)
    return text + (f" {counted(kept, 'contact')} stayed, because something was done with them since." if kept else "")


def gains(row: Any) -> str:
    """The fields that a row fills in, in words."""
    found = [FIELDS[name] for name in FIELDS if name in row.fill]
    if row.fills_mbi:
        found.append("Medicare number")
    return ", ".join(found)


def twins(row: Any, people: Mapping[UUID, Contact]) -> list[tuple[str, Contact | None]]:
    """(reason, the contact that the row may be a second time); None for a row of the same file."""
    found = [(reason, people.get(UUID(other))) for other, reason, *_ in row.doubts]
    return [(SILENT_TWIN if is_silent(twin) else reason, twin) for reason, twin in found]


def found_by(row: Any, person: Contact | None) -> str:
    """How the contact of a row was found."""
    return SILENT if is_silent(person) else RUNGS.get(row.rung, "")


def is_silent(person: Contact | None) -> bool:
    """Whether carriers brought the contact and tell nothing of it any more: what they had told is not said here."""
    return person is not None and person.made_by is None and person.member_id is None


def said(row: Any) -> list[tuple[str, str]]:
    """(field in words, value) of what a row says."""
    found = [
        (words, contact_words.said(name, row.values[name])) for name, words in FIELDS.items() if name in row.values
    ]
    return found + ([("Notes", row.note)] if row.note else [])


def who(row: Any) -> str:
    """ "Whitfield, Dana" of a row's own values."""
    return ", ".join(filter(None, (row.values.get("last_name"), row.values.get("first_name")))) or "No name"


def left_out_csv(rows: Any) -> str:
    """Row number, what became of it, column, shape of the value and reason; no value of the file is in it."""

    def lines() -> Any:
        for number, outcome, reason, problems in rows:
            word = plan.OUTCOMES[outcome][0]
            if not problems:
                yield number, word, None, None, reason or REASONS.get(outcome)
            for column, shape, why in problems:
                yield number, word, column, shape, why if outcome == plan.ERROR else f"{why}; it is left out"

    return csv_text(("Row", "What became of it", "Column", "Shape of the value", "Reason"), lines())


REASONS: Final = {
    plan.REMOVED: "You removed this person from the account; restore them under Removed",
    plan.LEFT: "Somebody chose to leave it out",
}
