"""What the days of the log came to. Figures for people who look, no evidence: that is the entries with their seals."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.models import Base, FmoOwned

TOTAL, VIEWER, PERSON = "total", "viewer", "person"


class AccessDay(FmoOwned, Base):
    """How many entries one day had of one kind, in one of three grains.

    `total`: by role, action and outcome. `viewer`: reads of members' records by person. `person`: by person, account,
    action and outcome. Columns that a grain does not tell apart are null.
    """

    __tablename__ = "access_day"
    __table_args__ = (
        Index("ix_access_day_day", "fmo_id", "grain", "day"),
        Index("ix_access_day_actor", "fmo_id", "grain", "actor_id", "day"),
        # All that an account's page sums up over years, so that it need not be fetched from a year's many places.
        Index(
            "ix_access_day_business", "fmo_id", "grain", "business_id", "day",
            postgresql_include=[
                "actor_id", "actor_name", "role", "action", "outcome", "entries", "first_at", "last_at",
            ],
        ),
    )  # fmt: skip

    day: Mapped[date]
    grain: Mapped[str]
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str | None]
    role: Mapped[str | None]
    business_id: Mapped[UUID | None]
    action: Mapped[str | None]
    outcome: Mapped[str | None]
    entries: Mapped[int] = mapped_column(default=0)
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
