"""What was filled in when an activity was logged, as its page shows it."""

from __future__ import annotations

from datetime import date
from typing import Any

from portal.activities.models import Activity
from portal.core import clock

# The labels in the order in which the forms ask: as JSON in the database, the fields lose theirs.
ORDER = (
    "Agent", "Business name", "First name", "Last name", "Email", "Mobile phone", "Time zone", "State",
    "From", "To", "Users", "Role", "Reason", "Enable Policy Sync", "Policy Sync Enabled", "Re-sync Policies",
    "Continuous sync", "Sync this agent's policies now", "Agreement signed", "Agreement until",
    "Confirmed with the agent", "Confirmation note", "Policies that left",
)  # fmt: skip


def of(activity: Activity) -> list[tuple[str, str | None]]:
    """(label, value in words) of every field, in the order of the form; None: it was left empty."""
    place = {label: at for at, label in enumerate(ORDER)}
    labels = sorted(activity.fields, key=lambda label: place.get(label, len(place)))
    told = [(label, _words(activity.fields[label])) for label in labels]
    # "America/New_York" is a key, and reads like one.
    return [(label, value.replace("_", " ") if value and label == "Time zone" else value) for label, value in told]


def _words(value: Any) -> str | None:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, int):
        return f"{value:,}"
    try:
        return clock.day(date.fromisoformat(value))
    except (TypeError, ValueError):
        return str(value) if value not in (None, "") else None
