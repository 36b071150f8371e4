"""What a merge moved, so that it can be taken back. Ids and field names only: the values stay on the two contacts."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.models import Base, BusinessOwned


class ContactMerge(BusinessOwned, Base):
    """One contact that went into another. `before`: see `moving.MOVED`."""

    __tablename__ = "contact_merge"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "business_id"], ["business.fmo_id", "business.id"]),
        Index("ix_contact_merge_kept", "business_id", "kept_id", "at"),
    )

    kept_id: Mapped[UUID]  # of contacts, no keys: an upload that is undone takes away what it made
    merged_id: Mapped[UUID]
    pair_id: Mapped[UUID | None]  # the possible duplicate that was decided by it
    by_id: Mapped[UUID]
    by_name: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    before: Mapped[dict[str, Any]]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[UUID | None]
    undone_by_name: Mapped[str | None]
