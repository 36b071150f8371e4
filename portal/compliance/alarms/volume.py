"""Who did unusually much in the last hours: more than most work explains, and more than they themselves usually do.

Each measure has a floor below which nobody is asked about. Above it somebody is unusual who did three times what they
do on a usual day: the middle one of the days on which they did anything in four weeks. Who was there on fewer than five
is compared with nothing. The middle one and not the mean: one bad day does not make the next one usual.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from statistics import median
from typing import Any
from uuid import UUID

from portal.compliance.alarms import statements
from portal.compliance.alarms.registry import Finding
from portal.compliance.seals.scopes import sealing
from portal.core.session import open_session
from portal.core.words import counted

WINDOW = timedelta(hours=3)
TIMES = 3
DAYS, FEWEST_DAYS = 28, 5
FLOORS = {"shown": 1000, "reveals": 25, "downloads": 15, "refusals": 30}
_WORDS = {
    "shown": ("record seen", "records seen"),
    "reveals": ("Medicare number revealed", "Medicare numbers revealed"),
    "downloads": ("download", "downloads"),
    "refusals": ("refused attempt", "refused attempts"),
}


def unusual(fmo_id: UUID) -> list[Finding]:
    """Everybody of the FMO who did unusually much in the last three hours."""
    with open_session(sealing(fmo_id)) as session:
        since = statements.now(session) - WINDOW
        suspects = {row.actor_id: _measures(row) for row in statements.lately(session, fmo_id, since, FLOORS)}
        if not suspects:
            return []
        days: dict[UUID, list[dict[str, int]]] = {actor: [] for actor in suspects}
        for row in statements.by_day(session, fmo_id, list(suspects), since, DAYS):
            days[row.actor_id].append(_measures(row))
        found = []
        for actor, did in suspects.items():
            over = {name: count for name, count in did.items() if count >= FLOORS[name]}
            usual = {name: _usual(name, days[actor]) for name in over}
            facts: dict[str, Any] = {name: [did[name], usual[name]] for name in over if did[name] > TIMES * usual[name]}
            if facts:
                if "shown" in facts:
                    facts["people"] = statements.people(session, fmo_id, actor, since)
                found.append(Finding(str(actor), facts))
        return found


def _measures(row: Any) -> dict[str, int]:
    return {name: int(getattr(row, name) or 0) for name in FLOORS}


def _usual(name: str, days: list[dict[str, int]]) -> int:
    return int(median(day[name] for day in days)) if len(days) >= FEWEST_DAYS else 0


def says(facts: Mapping[str, Any]) -> str:
    """Counts of the last three hours beside those of a usual day, in a sentence."""
    told = []
    for name, words in _WORDS.items():
        if name not in facts:
            continue
        did, usual = facts[name]
        than = f" (on a usual day {usual:,})" if usual else ""
        seen = f"{counted(did, 'record')} of {counted(facts.get('people', 0), 'member')} seen"
        told.append(f"{seen if name == 'shown' else counted(did, *words)}{than}")
    return f"Within three hours: {', '.join(told)}."
