"""One emergency access."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.core import clock
from portal.core.models import Base, BusinessOwned

LEAST, MOST = 20, 500  # characters of a reason
JUSTIFIED, NOT_JUSTIFIED = "justified", "not_justified"
HOW = {
    "time": "the hour was over",
    "person": "ended by the person",
    "officer": "ended by a compliance officer",
    "signed_out": "the person's session ended",
    "left": "the person's sign-in or role was changed",
}


class EmergencyAccess(BusinessOwned, Base):
    """Who may read which Business's contacts, until when, and what an officer made of it.

    When it began and until when it holds is said by the database alone; nobody can write those columns.
    """

    __tablename__ = "emergency_access"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "business_id"], ["business.fmo_id", "business.id"]),
        ForeignKeyConstraint(["fmo_id", "user_id"], ["portal_user.fmo_id", "portal_user.id"]),
        Index("uq_emergency_access_open", "fmo_id", "user_id", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index("ix_emergency_access_session", "session_id", postgresql_where=text("ended_at IS NULL")),
        Index("ix_emergency_access_asked", "fmo_id", "asked_at", "id"),
        CheckConstraint(f"length(reason) BETWEEN {LEAST} AND {MOST}", name="reason_length"),
        CheckConstraint("until <= asked_at + interval '1 hour'", name="one_hour"),
        CheckConstraint("(ended_at IS NULL) = (ended_how IS NULL)", name="ended"),
        CheckConstraint("reviewed_at IS NULL OR ended_at IS NOT NULL", name="reviewed_after"),
        CheckConstraint(
            "(reviewed_at IS NULL) = (finding IS NULL) AND (reviewed_at IS NULL) = (reviewed_by IS NULL)",
            name="reviewed",
        ),
        CheckConstraint("finding IN ('justified', 'not_justified')", name="finding"),
    )

    business_name: Mapped[str]  # as it was called then
    user_id: Mapped[UUID]
    user_name: Mapped[str]
    user_role: Mapped[str]
    session_id: Mapped[UUID]  # the sign-in that it belongs to and ends with
    reason: Mapped[str]
    asked_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    until: Mapped[datetime] = mapped_column(server_default=text("now() + interval '1 hour'"))
    ended_at: Mapped[datetime | None]
    ended_how: Mapped[str | None]  # a key of HOW
    reviewed_at: Mapped[datetime | None]
    reviewed_by: Mapped[UUID | None]
    reviewed_name: Mapped[str | None]
    finding: Mapped[str | None]  # justified | not_justified
    note: Mapped[str | None]

    @property
    def living(self) -> bool:
        """Whether it holds at this moment. For pages: what it opens is decided by the database's clock."""
        return self.ended_at is None and self.until > clock.now()

    @property
    def minutes_left(self) -> int:
        """Whole minutes that are left, rounded up."""
        return max(0, -int((clock.now() - self.until).total_seconds() // 60))
