"""Provisioning many accounts at once: every row its own activity and run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from portal.businesses import operations as businesses
from portal.core.scope import Scope
from portal.provisioning.operations.activities import Done, Foreseen, Wanted, provision
from portal.sync import operations as runs


def provision_all(
    rows: Sequence[tuple[int, Wanted]], expected: Mapping[str, dict[str, Any]], *, by: Scope
) -> tuple[list[tuple[int, Done]], dict[int, str]]:
    """Provision each row as the activity would: (row, what came of it), and the refused rows with their reasons.

    A row that is refused leaves nothing behind and keeps nothing from the others. `expected` is what was
    foreseen, by NPN.
    """
    done: list[tuple[int, Done]] = []
    refused: dict[int, str] = {}
    for number, wanted in rows:
        foreseen = Foreseen(expected.get(wanted.producer.npn) if wanted.enable_sync else None)
        try:
            done.append((number, provision(wanted, foreseen=foreseen, by=by)))
        except (businesses.Refused, runs.Blocked) as refusal:
            refused[number] = str(refusal)
    return done, refused
