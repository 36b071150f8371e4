"""What happened to a compliance officer's sign-in: every officer is told."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.models import Base, FmoOwned


class OfficerNotice(FmoOwned, Base):
    """One change of an officer's sign-in. Most are written by the database itself, whoever makes the change."""

    __tablename__ = "officer_notice"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "officer_id"], ["portal_user.fmo_id", "portal_user.id"]),
        Index("ix_officer_notice_at", "fmo_id", "at"),
    )

    officer_id: Mapped[UUID]
    what: Mapped[str]  # a key of `notices.SAYS`
    by_id: Mapped[UUID | None]  # None: the operator at the shell, or the officer by a link
    at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    mailed_at: Mapped[datetime | None]
