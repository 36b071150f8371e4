"""How values of the book read: statuses, carriers, names, runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from portal.book.models import FeedRun, HeldChange, Member
from portal.connectors.words import GENDERS, STATUSES, carrier, phone, status, status_choices
from portal.core import clock
from portal.core.words import counted

IDENTIFIERS = {
    "san": "SAN",
    "tin": "tax number",
    "writing_number": "writing number",
    "producer_code": "producer code",
    "agent_id": "agent id",
    "broker_id": "broker id",
}
ABSENCE_ENDS = {
    "told": "A file lists it again",
    "over": "Its term date has passed",
    "undone": "A file was taken back",
    "declared": "What the files are was declared anew",
}
RUN_STATES = {
    "queued": ("Waiting", "info"),
    "running": ("Loading", "info"),
    "succeeded": ("Finished", "good"),
    "held": ("Held", "warn"),
    "frozen": ("Frozen", "warn"),
    "failed": ("Failed", "bad"),
    "undone": ("Undone", "neutral"),
}


def carrier_choices(keys: Sequence[str]) -> list[tuple[str, str]]:
    """The choices of a filter by carrier."""
    return [("", "All carriers"), *sorted(((key, carrier(key)) for key in keys), key=lambda pair: pair[1])]


def identifier(kind: str) -> str:
    """What an identifier's kind is called inside a sentence."""
    return IDENTIFIERS.get(kind, kind.replace("_", " "))


def run_state(run: FeedRun) -> tuple[str, str]:
    """(word, tone) of a run's state; a dry run that finished only checked."""
    if run.dry_run and run.status == "succeeded":
        return "Checked", "good"
    return RUN_STATES.get(run.status, (run.status, "neutral"))


def missing(since: date) -> str:
    """The badge of a policy that its carrier's files no longer tell."""
    return f"Missing from the feed since {clock.day(since)}"


def question(held: HeldChange) -> str:
    """What an admin looks at before deciding about a file."""
    return "What the file leaves out" if held.kind == "shrunk_file" else "Who gains and who loses how many"


def money(amount: Decimal | None) -> str | None:
    """ "$1,234.50" and "-$12.50"."""
    return None if amount is None else f"{'-' if amount < 0 else ''}${abs(amount):,.2f}"


def member(person: Member) -> str:
    """First, middle and last name with the suffix."""
    return " ".join(part for part in (person.first_name, person.middle_name, person.last_name, person.suffix) if part)


def listed(person: Member) -> str:
    """Last name first, as lists are sorted."""
    last = " ".join(part for part in (person.last_name, person.suffix) if part)
    return f"{last}, {' '.join(part for part in (person.first_name, person.middle_name) if part)}"


def outcome(run: FeedRun) -> str:
    """What a finished run did, in one sentence or two."""
    if run.status in ("failed", "held", "frozen"):
        return run.error or "The file could not be loaded. Nothing in the book was changed."
    new, changed = run.new or 0, run.changed or 0
    if run.status == "undone":
        return f"{run.undone_by} undid this run. What it did is listed below as it was then."
    if run.dry_run:
        return (
            f"Only a check, nothing was changed: {counted(new, 'policy', 'policies')} would be new,"
            f" {changed:,} changed, {run.unchanged or 0:,} would stay as they are."
            + (f" {counted(run.missing, 'policy', 'policies')} would be marked as missing." if run.missing else "")
        )
    if not new and not changed:
        said = f"Nothing in the book changed: {counted(run.unchanged or 0, 'policy is', 'policies are')} as they were."
    else:
        said = f"{counted(new, 'policy is', 'policies are')} new and {changed:,} changed;"
        said += f" {run.unchanged or 0:,} stayed as they were."
    if run.refused:
        said += f" {counted(run.refused, 'row was', 'rows were')} refused."
    if run.unattributed:
        said += f" {counted(run.unattributed, 'policy has', 'policies have')} no writing agent yet."
    if run.missing:
        said += (
            f" {counted(run.missing, 'policy is', 'policies are')} missing from the feed for the second time in a row."
        )
    if run.released:
        said += f" {counted(run.released, 'copy was', 'copies were')} taken out of accounts that no longer have it."
    return said


__all__ = [
    "ABSENCE_ENDS", "GENDERS", "IDENTIFIERS", "RUN_STATES", "STATUSES", "carrier", "carrier_choices", "identifier",
    "listed", "member", "missing", "money", "outcome", "phone", "question", "run_state", "status", "status_choices",
]  # fmt: skip
