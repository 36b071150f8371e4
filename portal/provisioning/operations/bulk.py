"""Re-syncing many Businesses at once: each gets its own activity and its own run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from portal.businesses.models import Business
from portal.core.scope import Scope
from portal.provisioning.operations.activities import Done, Foreseen, set_sync
from portal.provisioning.queries import UNDER_WAY, Refusal, why_not
from portal.sync import operations as runs


def resync_all(
    businesses: Sequence[Business], expected: Mapping[UUID, dict[str, Any] | None], *, by: Scope
) -> tuple[list[Done], list[Refusal]]:
    """Start a run for each Business that may have one: what was started, and which were left out and why.

    What one of them cannot have keeps nothing from the others. `expected` is what was foreseen, by Business.
    """
    refused = {refusal.business.id: refusal for refusal in why_not(businesses)}
    started: list[Done] = []
    # In one order, so that two admins who press at once wait for one another instead of failing both.
    for business in sorted(_left(businesses, refused), key=lambda one: one.id):
        try:
            foreseen = Foreseen(expected.get(business.id))
            done = set_sync(business=business, enabled=True, resync=True, foreseen=foreseen, by=by)
        except runs.Blocked as blocked:
            refused[business.id] = Refusal(business, str(blocked))
            continue
        if done is None or not done.started:
            refused[business.id] = Refusal(business, UNDER_WAY)
        else:
            started.append(done)
    by_name = sorted(started, key=lambda one: one.business.name_key)
    return by_name, [refused[one.id] for one in businesses if one.id in refused]


def _left(businesses: Iterable[Business], refused: Mapping[UUID, Refusal]) -> list[Business]:
    return [one for one in businesses if one.id not in refused]
