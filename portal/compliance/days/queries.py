"""The log in figures: what was counted when days were over, with the days since counted now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from portal.compliance import sentences
from portal.compliance.days import statements
from portal.compliance.seals.operations import EVER
from portal.core import clock, scope
from portal.extensions import db

EARLIEST = date(1, 1, 2)


def of_actor(who: UUID, first: date | None) -> Sequence[Any]:
    """Per day what that person did since the day `first`: rows of actor, account, action, outcome, with counts."""
    return statements.of_actor(db.session(), of=who, **_since(first))


def of_business(business_id: UUID, first: date | None) -> Sequence[Any]:
    """The same of what was done in that account, all days together."""
    return statements.of_business(db.session(), of=business_id, **_since(first))


def totals(first: date | None) -> Sequence[Any]:
    """(day, role, action, outcome, entries) of the FMO since that day."""
    return statements.totals(db.session(), **_since(first))


def viewers(first: date | None, most: int) -> Sequence[Any]:
    """(actor_id, actor_name, entries) of who read members' records most often since that day."""
    values = _since(first)
    del values["zone"]
    return statements.viewers(db.session(), **values, changes=sentences.actions_of("changes"), most=most)


def _since(first: date | None) -> dict[str, Any]:
    """The days that were counted from `first` on, and from when on entries are counted now."""
    zone, fmo = clock.zone(), scope.fmo_id()
    last = statements.counted(db.session(), fmo)
    live = max(first or EARLIEST, last + timedelta(days=1)) if last else first
    begin: datetime = statements.begin_of(live, zone) if live else EVER
    return {"fmo": fmo, "first": first or EARLIEST, "live": begin, "zone": str(zone)}
