"""A frozen file: the columns then and now, and what the missing ones have probably become."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKeyConstraint, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.models import Base, FmoOwned


class ColumnDrift(FmoOwned, Base):
    """One sheet whose columns are not those that were accepted. Names of columns only, and nothing of a row."""

    __tablename__ = "column_drift"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "run_id"], ["feed_run.fmo_id", "feed_run.id"]),
        ForeignKeyConstraint(["fmo_id", "connector_id"], ["connector.fmo_id", "connector.id"]),
        Index("ix_column_drift_run", "fmo_id", "run_id"),
        Index("ix_column_drift_waiting", "fmo_id", "found_at", postgresql_where=text("status = 'waiting'")),
        CheckConstraint("status IN ('waiting', 'accepted', 'rejected')", name="status"),
    )

    run_id: Mapped[UUID]
    connector_id: Mapped[UUID]
    version: Mapped[int | None]  # of the layout that read the columns then; None: the package's
    sheet: Mapped[str]
    header_row: Mapped[int]
    columns_then: Mapped[list[str]] = mapped_column(JSON)
    columns_now: Mapped[list[str]] = mapped_column(JSON)
    kinds_then: Mapped[dict[str, Any]] = mapped_column(JSON)  # place in columns_then → what its values look like
    kinds_now: Mapped[dict[str, Any]] = mapped_column(JSON)
    proposals: Mapped[list[Any]] = mapped_column(JSON)  # [place then, place now, why]
    found_at: Mapped[datetime] = mapped_column(server_default=func.now())
    status: Mapped[str] = mapped_column(server_default="waiting")
    renamed: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))  # [then, now or None] as accepted
    decided_by_name: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None]
