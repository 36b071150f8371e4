"""An order to take a run back."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.models import Base, FmoOwned


class FeedUndo(FmoOwned, Base):
    """Somebody's order to take a run back, and what came of it.

    `shown` is what the page said before the click; where the book says otherwise by then, nothing is done.
    """

    __tablename__ = "feed_undo"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "run_id"], ["feed_run.fmo_id", "feed_run.id"]),
        Index(
            "uq_feed_undo_open",
            "fmo_id",
            "run_id",
            unique=True,
            postgresql_where=text("status IN ('queued', 'held')"),
        ),
        Index("ix_feed_undo_run", "fmo_id", "run_id", "asked_at", "id"),
        CheckConstraint("status IN ('queued', 'held', 'done', 'refused')", name="status"),
    )

    run_id: Mapped[UUID]
    status: Mapped[str] = mapped_column(server_default="queued")
    shown: Mapped[str]  # the digest of the plan
    partly: Mapped[bool] = mapped_column(server_default=text("false"))  # take back what can be, leave the rest
    asked_by: Mapped[UUID | None]
    asked_name: Mapped[str]
    asked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    begun_at: Mapped[datetime | None]  # when a worker took it
    attempt: Mapped[int] = mapped_column(server_default="0")
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    error: Mapped[str | None]  # why it was refused, a sentence for a person
    finished_at: Mapped[datetime | None]
