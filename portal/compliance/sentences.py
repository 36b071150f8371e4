"""Entries as sentences that a person can read, and the declared events as a list to choose from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from uuid import UUID

from portal.compliance import subjects
from portal.core.events import Event, declared
from portal.core.scope import Role

GROUPS = {
    "access": "Access log",
    "alarm": "Alarms",
    "business_npn": "NPNs of Businesses",
    "crm_policy": "Policies of an account",
    "emergency": "Emergency access",
    "fmo": "FMOs",
    "mbi": "Medicare numbers",
    "recertification": "Users’ access",
    "refused": "Refusals",
    "resync": "Re-sync",
    "sensitive": "Records",
    "session": "Sign-in",
    "sync": "Policy Sync",
    "user": "Users",
    "watch": "Watch list",
}
_TAKEN = ("downloaded ", "took along ", "took out ")


def takes_along(event: Event) -> bool:
    """Whether something left the portal with it: a file."""
    return event.says.startswith(_TAKEN)


def reveals(event: Event) -> bool:
    """Whether a number that is hidden otherwise was shown."""
    return event.name.endswith(".reveal")


SELECTIONS: dict[str, tuple[str, Callable[[Event], bool]]] = {
    "reads": ("Everything seen", lambda event: not event.change),
    "changes": ("Everything changed", lambda event: event.change),
    "reveals": ("Every number revealed", reveals),
    "exports": ("Every download", takes_along),
    "inside": ("Everything but refused sign-ins", lambda event: event.name != "session.refused"),
}
"""Values of the action filter that stand for several events: their words, and which events."""


def role_label(role: str) -> str:
    """The stored role in the words people see."""
    return Role(role).label if role in {known.value for known in Role} else role


def says(action: str) -> str:
    """The event in words, past tense; one that this version no longer declares reads by its name."""
    known = declared().get(action)
    return known.says if known else f"did “{action}”"


def sentence(
    actor: str,
    action: str,
    outcome: str,
    *,
    kind: str | None = None,
    count: int = 0,
    first: UUID | None = None,
    names: Mapping[UUID, str] | None = None,
) -> str:
    """ "Maria Ortega looked at the list of policies (50 policies)"; one subject only by a name."""
    tried = f"{actor} {says(action)}"
    if outcome == "refused" and "refused" not in action:
        tried = f"{actor} was refused what would read: {says(action)}"
    elif outcome == "failed":
        tried = f"{actor} tried, and it failed: {says(action)}"
    if not kind or not count:
        return tried
    if count > 1:
        return f"{tried} ({subjects.words(kind, count)})"
    name = (names or {}).get(first) if first else None
    return f"{tried} ({name})" if name and name != actor else tried


def action_groups() -> list[tuple[str, list[tuple[str, str]]]]:
    """Every declared event, (heading, [(value, words)]), grouped by what it is about."""
    grouped: dict[str, list[tuple[str, str]]] = {}
    for name, event in sorted(declared().items()):
        subject = name.partition(".")[0]
        heading = GROUPS.get(subject) or subjects.label(subject)
        grouped.setdefault(heading, []).append((name, event.says[:1].upper() + event.says[1:]))
    return sorted(grouped.items())


def chosen_action(value: str) -> str:
    """The value of the action filter in words."""
    return SELECTIONS[value][0] if value in SELECTIONS else " or ".join(says(one) for one in value.split(","))


def actions_of(value: str) -> list[str]:
    """The events that a value of the action filter stands for: a selection's, else those it names, by comma."""
    if value in SELECTIONS:
        return [name for name, event in declared().items() if SELECTIONS[value][1](event)]
    return value.split(",")
