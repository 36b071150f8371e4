"""One alarm, and when somebody last looked whether there is one."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.models import Base, FmoOwned


class Alarm(FmoOwned, Base):
    """That something held, from when to when, and what an officer wrote about it. Counts and ids, nothing of a member.

    Of one kind and subject only one holds at a time. A note stays as it was written; the database keeps both.
    """

    __tablename__ = "alarm"
    __table_args__ = (
        Index("uq_alarm_holding", "fmo_id", "kind", "subject", unique=True, postgresql_where=text("over_at IS NULL")),
        Index("ix_alarm_raised", "fmo_id", "raised_at", "id"),
        Index("ix_alarm_open", "fmo_id", postgresql_where=text("acknowledged_at IS NULL")),
        CheckConstraint(
            "(acknowledged_at IS NULL) = (note IS NULL) AND (acknowledged_at IS NULL) = (acknowledged_by IS NULL)",
            name="acknowledged",
        ),
    )

    kind: Mapped[str]  # see `registry`
    subject: Mapped[str]  # the id of what it is about; "" where that is the whole FMO
    facts: Mapped[dict[str, Any]]  # counts, while it holds as they were when last looked at
    raised_at: Mapped[datetime] = mapped_column(server_default=func.now())
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())  # when it was last found to hold
    over_at: Mapped[datetime | None]
    mailed_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[UUID | None]
    acknowledged_name: Mapped[str | None]
    note: Mapped[str | None]


class AlarmRound(FmoOwned, Base):
    """When the alarms of an FMO were last looked for; `id` is the FMO's, so that there is one row."""

    __tablename__ = "alarm_round"

    at: Mapped[datetime] = mapped_column(server_default=func.now())
