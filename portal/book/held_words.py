"""How held changes read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from portal.book import limits, words
from portal.book.absence.short import short_from
from portal.book.effect import Effect, effect_from
from portal.book.models import OF_FILES, HeldChange
from portal.core import clock
from portal.core.words import counted

STATES = {
    "waiting": ("Waiting", "warn"),
    "approved": ("Approved", "good"),
    "rejected": ("Rejected", "neutral"),
    "withdrawn": ("Withdrawn", "neutral"),
    "stale": ("No longer possible", "neutral"),
}
KINDS = {
    "file": "A file",
    "shrunk_file": "A file that looks cut off",
    "confirm": "An attribution",
    "attribute": "An attribution by hand",
    "attribute_end": "An attribution taken back",
    "npn_change": "A changed NPN",
    "identifier_import": "An import of carrier identifiers",
    "limits": "Looser limits",
    "undo": "An undo",
}
_BESIDE = {
    "name": "name", "email": "e-mail", "phone": "phone", "state": "state", "agency_id": "agency",
    "is_principal": "principal", "active": "whether active",
}  # fmt: skip
CROSSWALK = "A change of the crosswalk"


def state(held: HeldChange) -> tuple[str, str]:
    """(word, tone) of a held change; whoever asked for it withdraws it and rejects nothing."""
    mine = held.status == "rejected" and held.kind != "shrunk_file" and held.decided_by == held.asked_by
    return STATES["withdrawn" if mine else held.status]


def kind(held: HeldChange) -> str:
    """What sort of change it is, at the beginning of a sentence."""
    return KINDS.get(held.kind, CROSSWALK)


def moved(effect: Effect) -> str:
    """How many policies, from whom to whom, and what share of what."""
    parts = [
        (effect.between, "from one agent to another"),
        (effect.lost, "from an agent to nobody"),
        (effect.given, "from nobody to an agent"),
    ]
    said = ", ".join(f"{count:,} {way}" for count, way in parts if count)
    share = f" ({100 * effect.total / effect.base:.3g} % of {effect.base:,})" if effect.base else ""
    return f"{counted(effect.total, 'policy', 'policies')}{share}: {said or 'nothing'}."


def beyond_alone(effect: Effect) -> str:
    """Said before the click: that this one waits, and why."""
    many = counted(effect.total, "policy", "policies")
    share = f"{100 * effect.total / effect.base:.3g} % of the {effect.base:,} of this carrier"
    return (
        f"This waits for a second administrator: {many}, {share}, are more than one administrator may move alone."
        " Nothing changes until then."
    )


def base(held: HeldChange) -> str:
    """What the share is a share of."""
    if held.kind == "file":
        return "The share is of the policies in the book that the file tells again."
    if held.kind == "undo":
        return "The share is of the policies that become what they were before the run."
    return "The share is of the policies of the carrier in the book."


def task(held: HeldChange) -> str:
    """The line on the start page."""
    if held.kind == "limits":
        return "Looser limits would let one administrator move more alone; a second administrator must decide"
    if held.kind == "shrunk_file":
        return f"The file {held.title} looks cut off; an administrator must decide before it is loaded"
    count = sum(pair[2] for pair in held.effect["pairs"])
    many = counted(count, "policy", "policies")
    return f"{kind(held)} would move {many} between agents; a second administrator must decide"


def details(held: HeldChange) -> list[tuple[str, str | None]]:
    """(label, value) of what the change itself says. A TIN is only ever its last four digits."""
    told = held.arguments
    if held.kind == "limits":
        return [(label, f"{value:,}") for label, value in limits.labels(told)]
    if held.kind in (*OF_FILES, "confirm", "identifier_import", "undo"):
        return []
    if held.kind in ("attribute", "attribute_end"):
        return [("NPN", told["npn"])]
    if held.kind == "npn_change":
        more = ", ".join(words for name, words in _BESIDE.items() if name in told)
        return [("NPN", told["npn"]), ("Changed with it", more or None)]
    if held.kind == "identifier_end":
        return [("Last day", day(told["valid_to"]))]
    known: list[tuple[str, str | None]] = []
    if held.kind == "identifier_add":
        known = [("Carrier", words.carrier(told["carrier"])), ("Kind", words.identifier(told["kind"]))]
    return [*known, ("Identifier", told["shown"]), *_days(told)]


def decider(held: HeldChange) -> str:
    """Who may say yes."""
    return "an administrator" if held.kind == "shrunk_file" else "a second administrator"


def policies(held: HeldChange) -> int | None:
    """How many policies it is about; None where it is about none."""
    short = short_from(held.effect)
    if short is not None:
        return short.missing or None
    return effect_from(held.effect, held.digest).total


def _days(told: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    return [("First day", day(told["valid_from"])), ("Last day", day(told["valid_to"]))]


def day(text: str | None) -> str | None:
    """ "12 Mar 2026" of a stored day."""
    return clock.day(date.fromisoformat(text)) if text else None


identifier, carrier = words.identifier, words.carrier
