"""What was tried and failed, feeds and syncs among it. Runs that failed are no entries: their room registers them."""

from __future__ import annotations

from collections.abc import Iterable

from portal.compliance.reviews.kinds import parts
from portal.compliance.reviews.registry import Found, Period, register
from portal.compliance.reviews.statements import acts

ACTIONS = (
    "sync.cancel", "feed.fail", "feed.freeze", "feed.undo_refuse", "feed.reject_columns", "source.fail",
    "passkey.doubt",
)  # fmt: skip


def find(period: Period) -> Iterable[Found]:
    """Failures by who or what they happened to, day by day."""
    rows = [*acts.acts(period.session, ACTIONS, **period.values)]
    rows += [row for row in acts.failed(period.session, **period.values) if row.action not in ACTIONS]
    return [parts.deeds(group) for group in parts.by_person_and_day(rows)]


register(
    "exceptions",
    "Feeds and other work that failed",
    "Carrier files and places of files that failed or were frozen, cancelled syncs, and whatever else failed.",
    find,
)
