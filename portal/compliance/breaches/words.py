"""A case of wrong delivery in words. The four factors are those of 45 CFR 164.402(2)."""

from __future__ import annotations

from portal.compliance.breaches.models import BREACH, EXCEPTION, LOW, BreachCase
from portal.core.events import declared

OUTER_DAYS = 60  # 164.404(b), 164.410(b): without unreasonable delay, and in no case later
MANY = 500  # residents of a state, or members: media and the Secretary are told at once (164.406, 164.408)
FACTORS = {
    "nature": "Nature and extent of what was delivered, and how likely it names a person",
    "who": "Who received it",
    "viewed": "Whether it was actually acquired or viewed",
    "mitigation": "How far the risk was mitigated",
}
CONCLUSIONS = {
    LOW: "Low probability that the information was compromised: no breach",
    EXCEPTION: "An exception of the rule applies: no breach",
    BREACH: "Breach",
}
# What somebody did with a member's records, from the least to the most.
DONE = {
    "listed": "Seen in a list",
    "opened": "Opened",
    "changed": "Changed",
    "revealed": "Number revealed",
    "printed": "Printed",
    "exported": "Taken along as a file",
}
_ENDS = {
    "listed": ("list", "search", "duplicates"),
    "revealed": ("reveal",),
    "printed": ("print",),
    "exported": ("export",),
}


def done(action: str) -> str:
    """Which key of DONE an event of the log is."""
    last = action.rpartition(".")[2]
    for kind, ends in _ENDS.items():
        if last.endswith(ends):
            return kind
    known = declared().get(action)
    return "changed" if known and known.change else "opened"


def state(case: BreachCase) -> tuple[str, str]:
    """How a case stands, in a word and its tone."""
    if case.conclusion is None:
        return "Being assessed", "warn"
    word = "Breach" if case.conclusion == BREACH else "No breach"
    tone = "bad" if case.conclusion == BREACH and case.closed_at is None else "neutral"
    return (f"{word}, closed" if case.closed_at else word), tone


def conclusion(key: str) -> str:
    """A conclusion in words."""
    return CONCLUSIONS.get(key, key)
