"""What came of activities for many accounts at once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.models import Base, FmoOwned


class BulkOutcome(FmoOwned, Base):
    """What one Complete for many accounts did. Its id stands in the form, so that the form counts once."""

    __tablename__ = "bulk_outcome"
    __table_args__ = (
        CheckConstraint("kind IN ('resync', 'provision')", name="kind"),
        Index("ix_bulk_outcome_at", "fmo_id", "at"),
    )

    kind: Mapped[str]  # resync | provision
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    by_name: Mapped[str]
    told: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))  # what its page shows
