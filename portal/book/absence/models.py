"""What an FMO says its carriers' files are together, and when a policy was missing from them."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.models import Base, FmoOwned


class DeclaredSet(FmoOwned, Base):
    """What the FMO says of one SmartConnector's files; without a line, what the layout proposes holds."""

    __tablename__ = "declared_set"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "connector_id"], ["connector.fmo_id", "connector.id"]),
        Index("uq_declared_set_connector", "fmo_id", "connector_id", unique=True),
        CheckConstraint("number BETWEEN 1 AND 500", name="number"),
    )

    connector_id: Mapped[UUID]
    is_full: Mapped[bool]
    words: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'"))
    number: Mapped[int]
    keeps_ended: Mapped[bool]
    since: Mapped[datetime | None]  # files loaded before are in no set; None: all count


class PolicyAbsence(FmoOwned, Base):
    """A time in which a policy was missing. The open one is the policy's `missing_since`."""

    __tablename__ = "policy_absence"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "policy_id"], ["policy.fmo_id", "policy.id"], ondelete="CASCADE"),
        Index("uq_policy_absence_open", "fmo_id", "policy_id", unique=True, postgresql_where=text("until IS NULL")),
        Index("ix_policy_absence_policy", "fmo_id", "policy_id"),
        Index("ix_policy_absence_run", "fmo_id", "run_id"),
    )

    policy_id: Mapped[UUID]
    run_id: Mapped[UUID | None]  # which completed the second set without it; None: what was left after one was undone
    missing_from: Mapped[date]  # the as-of date of the first set without it
    since: Mapped[datetime] = mapped_column(server_default=func.now())  # when the book learned it
    until: Mapped[datetime | None]
    ended_by: Mapped[str | None]  # told | over | undone | declared
