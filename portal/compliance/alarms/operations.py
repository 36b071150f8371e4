"""What an officer does about an alarm."""

from __future__ import annotations

from sqlalchemy import func, update

from portal.compliance.alarms import events
from portal.compliance.alarms.models import Alarm
from portal.core import access
from portal.core.scope import Scope
from portal.extensions import db


def acknowledge(alarm: Alarm, note: str, *, by: Scope) -> bool:
    """Keep what the officer `by` found and did; False where another one was first, whose note stays."""
    words = {"acknowledged_at": func.now(), "acknowledged_by": by.actor_id, "acknowledged_name": by.actor_name}
    done = db.session.execute(
        update(Alarm)
        .where(Alarm.id == alarm.id, Alarm.acknowledged_at.is_(None))
        .values({**words, "note": note})
        .returning(Alarm.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if done is None:
        return False
    access.record(events.ACKNOWLEDGED, kind="alarm", ids=[alarm.id], alarm=alarm.kind)
    return True
