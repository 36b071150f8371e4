"""A random sample: drawn by the review's own id, so that whoever has the log draws the same."""

from __future__ import annotations

from collections.abc import Iterable

from portal.compliance import sentences
from portal.compliance.reviews.registry import Found, Period, register
from portal.compliance.reviews.statements import acts


def find(period: Period) -> Iterable[Found]:
    """A few entries of each day, one finding each; `key` is the entry."""
    for row in acts.sample(period.session, sample=period.rules.sample, **period.values):
        said = sentences.sentence(row.actor_name, row.action, row.outcome, kind=row.subject_kind, count=row.subjects)
        yield Found(
            key=str(row.id),
            why=f"Drawn at random: {said}.",
            actor_id=row.actor_id,
            actor_name=row.actor_name,
            role=row.role,
            day=row.day,
            first_at=row.at,
            last_at=row.at,
            entries=1,
            figures={"entry": str(row.id)},
        )


register(
    "sample",
    "Random sample",
    "A few entries of each day, drawn by the review's id: whoever has the log draws the same ones.",
    find,
)
