"""How an FMO reviews its log: what holds, and what holds where nobody decided yet.

The officers decide it themselves. Whoever is looked at, the administrators among them, must not be able to say how.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from portal.compliance.reviews import events
from portal.compliance.reviews.models import ReviewRules
from portal.core import access, scope
from portal.core.models import table_of
from portal.extensions import db


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds; the fields are the columns of the table."""

    every_days: int = 7
    zone: str = "America/New_York"
    opens: int = 6
    closes: int = 22
    weekends: bool = False
    failures: int = 3
    least_members: int = 40
    own_factor: int = 3
    peer_factor: int = 5
    sample: int = 2


def held() -> Rules:
    """What the scope's FMO decided, else the defaults."""
    row = db.session.scalar(select(ReviewRules).where(ReviewRules.id == scope.fmo_id()))
    return Rules(**{one.name: getattr(row, one.name) for one in fields(Rules)}) if row else Rules()


def office_zone() -> str:
    """The zone in whose days the scope's FMO counts; all of the rules that whoever releases policies may read."""
    return db.session.scalar(select(ReviewRules.zone).where(ReviewRules.id == scope.fmo_id())) or Rules().zone


def change(new: Rules) -> list[str]:
    """Keep new rules; the names of those that changed, which the log gets with what they were and are."""
    before, after = asdict(held()), asdict(new)
    changed = [name for name in after if before[name] != after[name]]
    if not changed:
        return []
    at_work = scope.current()
    row: dict[str, Any] = {**after, "changed_name": at_work.actor_name}
    table = table_of(ReviewRules)
    kept = insert(table).values(fmo_id=at_work.fmo_id, id=at_work.fmo_id, **row)
    set_ = {**row, "changed_at": func.now()}  # the model's own onupdate is not asked here
    db.session.execute(kept.on_conflict_do_update(index_elements=["fmo_id", "id"], set_=set_))
    told = {name: [before[name], after[name]] for name in changed}
    access.record(events.RULES_CHANGED, kind="review_rules", ids=[scope.fmo_id()], fields=changed, rules=told)
    return changed
