"""Counting the days that are over for good; asked for by the sealer, whose login reads every FMO's log."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from portal.compliance.days import statements
from portal.compliance.seals.models import INSTALLATION
from portal.compliance.seals.operations import EVER
from portal.compliance.seals.scopes import chains, sealing
from portal.core import clock
from portal.core.events import declared
from portal.core.session import open_session

# An entry bears the time at which its transaction began: no transaction lasts until the day after the next.
OVER_AFTER = timedelta(days=2)


def count_all() -> int:
    """Count every FMO's days that are over and were not counted yet; how many days that were."""
    return sum(count(chain) for chain in chains() if chain != INSTALLATION)


def count(fmo_id: UUID) -> int:
    """Count the FMO's days one by one, each in a transaction of its own: what was counted stays when the rest fails."""
    done = 0
    while _next(fmo_id):
        done += 1
    return done


def _next(fmo_id: UUID) -> bool:
    zone, last = clock.zone(), clock.local(clock.now()).date() - OVER_AFTER
    with open_session(sealing(fmo_id)) as session:
        statements.lock(session, fmo_id)
        counted = statements.counted(session, fmo_id)
        since = statements.begin_of(counted + timedelta(days=1), zone) if counted else EVER
        day = statements.next_day(session, fmo=fmo_id, since=since, zone=str(zone))
        if day is None or day > last:
            return False
        since, until = statements.begin_of(day, zone), statements.begin_of(day + timedelta(days=1), zone)
        changes = [name for name, event in declared().items() if event.change]
        statements.count(session, fmo=fmo_id, day=day, since=since, until=until, changes=changes)
    return True
