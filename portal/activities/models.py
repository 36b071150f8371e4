"""What was logged on a record's timeline."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.models import Base, FmoOwned


class Activity(FmoOwned, Base):
    """One completed activity on one record (`subject_kind` agent | agency | business and its id).

    It stands on a second timeline too where `other_id` is set: provisioning shows on the agent and on the Business.
    """

    __tablename__ = "activity"
    __table_args__ = (
        Index("ix_activity_subject", "fmo_id", "subject_id", "at"),
        Index("ix_activity_other", "fmo_id", "other_id", "at"),
    )

    type: Mapped[str]  # key of the registry
    subject_kind: Mapped[str]
    subject_id: Mapped[UUID]
    other_kind: Mapped[str | None]
    other_id: Mapped[UUID | None]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    by_id: Mapped[UUID | None]
    by_name: Mapped[str]
    summary: Mapped[str]  # the readable sentence on the timeline
    body: Mapped[str | None]  # free text of a note, call, e-mail or meeting
    fields: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))  # what was filled in
