"""How often a file is expected."""

from __future__ import annotations

from sqlalchemy import delete, select

from portal.book.arrival.events import EXPECT
from portal.book.arrival.models import Expectation
from portal.book.models import Connector
from portal.core import access, clock, scope
from portal.core.ids import new_id
from portal.extensions import db


def expect(connector: Connector, every_days: int | None) -> bool:
    """Expect a file at least every so many days, or none (None); whether that is a change."""
    held = db.session.scalar(select(Expectation).where(Expectation.connector_id == connector.id).with_for_update())
    if (held.every_days if held else None) == every_days:
        return False
    if every_days is None:
        mine = delete(Expectation).where(Expectation.connector_id == connector.id)
        db.session.execute(mine.execution_options(synchronize_session=False))
    elif held is not None:
        held.every_days, held.set_by = every_days, scope.current().actor_name
    else:
        by = scope.current().actor_name
        db.session.add(
            Expectation(
                fmo_id=scope.fmo_id(),
                id=new_id(),
                connector_id=connector.id,
                every_days=every_days,
                set_by=by,
                set_at=clock.now(),
            )
        )
    db.session.flush()
    access.record(EXPECT, subject=connector, days=every_days)
    return True
