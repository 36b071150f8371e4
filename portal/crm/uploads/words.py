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
from portal.crm.values import blanks, differing
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
    "named": "Another upload names it too",
}
NOTHING = "Nothing"
UNDECIDED, TAKEN_BACK = ("Never decided", "neutral"), ("Taken back", "neutral")
BENEATH = "what a carrier or an earlier file says"
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
    values = counts.get("values", 0)
    gains = [f"{counted(emails, 'e-mail')} filled in"] if emails else []
    gains += [f"{counted(values, 'value')} replaced"] if values else []
    return f"{matched:,} matched{' (' + ', '.join(gains) + ')' if gains else ''}"


def undone(upload: Upload) -> str:
    """What was taken back, in one sentence."""
    found = upload.counts.get("undone", {})
    text = (
        f"{counted(found.get('removed', 0), 'contact')} removed,"
        f" {counted(found.get('blanked', 0), 'contact')} as before the upload."
    )
    kept = found.get("kept", 0)
    them = "it" if kept == 1 else "them"
    return text + (f" {counted(kept, 'contact')} stayed, because something was done with {them} since." if kept else "")


def outcomes(upload: Upload) -> dict[str, tuple[str, str]]:
    """Outcome → (word, tone). Nothing waits in an upload that is undone."""
    return {**plan.OUTCOMES, plan.CANDIDATE: UNDECIDED} if upload.state == "undone" else plan.OUTCOMES


def became(upload: Upload, row: Any) -> tuple[str, str]:
    """What became of a row, as a word and its tone."""
    return TAKEN_BACK if row.undone in ("remove", "blank") else outcomes(upload)[row.outcome]


def is_open(upload: Upload, row: Any) -> bool:
    """Whether a person can say whom the row means, for the first time or again."""
    if upload.forgotten_at is not None or row.written:
        return False
    if upload.state == "preview":
        return row.outcome in (plan.CANDIDATE, plan.LEFT) or row.choice is not None
    return upload.state == "applied" and row.outcome in (plan.CANDIDATE, plan.LEFT)


def gains(row: Any, person: Contact | None = None) -> str:
    """The fields that a row fills in, in words. What carriers had told of `person` and tell no more was a blank too."""
    silent = {name for name in row.replaces if name not in row.was} if is_silent(person) and row.written else set()
    found = [FIELDS[name] for name in FIELDS if name in row.fill or name in silent]
    if row.fills_mbi:
        found.append("Medicare number")
    return ", ".join(found)


def replaced(row: Any, person: Contact | None) -> list[tuple[str, str, str]]:
    """(field, what it said, what the file says) of everything that a row replaces.

    Once it is done, a carrier's value is not kept here: it stands beneath, or has left the account.
    """
    found = []
    for name in (name for name in FIELDS if name in row.replaces):
        if row.written and name not in row.was and is_silent(person):
            continue
        if row.written:
            old = contact_words.said(name, row.was[name]) if name in row.was else BENEATH
        else:
            old = (contact_words.shown(person, name) if person is not None else None) or "nothing"
        found.append((FIELDS[name], old, contact_words.said(name, row.replaces[name])))
    return found


def would_do(upload: Upload, row: Any, contact: Contact) -> str:
    """What a row would fill in, and replace where the upload may, if it meant `contact`; in words."""
    shown = {name: str(value) for name in FIELDS if (value := getattr(contact, name))}
    found = [FIELDS[name] for name in blanks(shown, row.values)]
    new = differing(shown, row.values) if upload.replaces else {}
    told = ((name, contact_words.said(name, shown[name]) if name in shown else "nothing") for name in new)
    return ", ".join([*found, *(f"{FIELDS[n]}: {old} → {contact_words.said(n, new[n])}" for n, old in told)])


def otherwise(row: Any, contact: Contact) -> str:
    """What a row says otherwise than `contact`, by which a person may tell two of one name apart; "" for nothing."""
    named = {"email": "e-mail", "phone": "phone", "zip": "ZIP code"}
    known = {name: getattr(contact, name) for name in named}
    found = [named[name] for name in named if known[name] and row.values.get(name, known[name]) != known[name]]
    return f"says another {' and '.join(found)}" if found else ""


def twins(row: Any, people: Mapping[UUID, Contact]) -> list[tuple[str, Contact | None]]:
    """(reason, the contact that the row may be a second time); None for a row of the same file."""
    found = [(reason, people.get(UUID(other))) for other, reason, *_ in row.doubts]
    return [(SILENT_TWIN if is_silent(twin) else reason, twin) for reason, twin in found]


def found_by(row: Any, person: Contact | None) -> str:
    """How the contact of a row was found."""
    return SILENT if is_silent(person) else RUNGS.get(row.rung, "")


def is_taken_back_singly(upload: Upload, row: Any) -> bool:
    """Whether a person decided on the row and it is in the account, from where it can be taken back."""
    return bool(upload.state == "applied" and upload.forgotten_at is None and row.written and row.choice is not None)


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
    """ "Whitfield, Dana M., Jr" of a row's own values."""
    parts = (row.values.get(name) for name in ("last_name", "suffix", "first_name", "middle_name"))
    return contact_words.last_first(*parts) or "No name"


def left_out_csv(upload: Upload, rows: Any) -> str:
    """Row number, what became of it, column, shape of the value and reason; no value of the file is in it."""
    named = outcomes(upload)

    def lines() -> Any:
        for number, outcome, reason, problems in rows:
            word = named[outcome][0]
            if not problems or outcome == plan.CANDIDATE:
                yield number, word, None, None, reason or REASONS.get(outcome)
            for column, shape, why in problems:
                yield number, word, column, shape, why if outcome == plan.ERROR else f"{why}; it is left out"

    return csv_text(("Row", "What became of it", "Column", "Shape of the value", "Reason"), lines())


REASONS: Final = {
    plan.REMOVED: "You removed this person from the account; restore them under Removed",
    plan.LEFT: "Somebody chose to leave it out",
    plan.CANDIDATE: "It may be somebody who is in the account, and nobody has said whom it means",
}
