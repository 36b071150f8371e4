"""Provisioning many accounts at once: every row its own activity and run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from portal.businesses import operations as businesses
from portal.core.scope import Scope
from portal.provisioning.operations.activities import Done, Foreseen, Wanted, provision
from portal.sync import operations as runs

SECONDS = 20.0  # a person waits for the answer, and the web server not for ever


@dataclass(slots=True)
class Outcome:
    """What came of the rows of a file, by their number in it. `waiting`: those that there was no time for."""

    done: list[tuple[int, Done]] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    waiting: list[int] = field(default_factory=list)


def provision_all(
    rows: Sequence[tuple[int, Wanted]], expected: Mapping[str, dict[str, Any] | None], *, by: Scope
) -> Outcome:
    """Provision each row as the activity would, for about `SECONDS`.

    A row that is refused leaves nothing behind and keeps nothing from the others. `expected` is what was
    foreseen, by NPN.
    """
    outcome, until = Outcome(), monotonic() + SECONDS
    for number, wanted in rows:
        if monotonic() > until:
            outcome.waiting.append(number)
            continue
        foreseen = Foreseen(expected.get(wanted.producer.npn) if wanted.enable_sync else None)
        try:
            outcome.done.append((number, provision(wanted, foreseen=foreseen, by=by)))
        except (businesses.Refused, runs.Blocked) as refusal:
            outcome.refused[number] = str(refusal)
    return outcome
