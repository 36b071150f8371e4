"""What somebody has said about the writing agent of one policy."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.book.models import KEY
from portal.core.models import Base, FmoOwned


class HandAttribution(FmoOwned, Base):
    """A policy of that identity was written by this NPN, while its file names the same writer and no NPN.

    It may be yet to come.
    """

    __tablename__ = "hand_attribution"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "producer_id"], ["producer.fmo_id", "producer.id"]),
        Index(
            "uq_hand_attribution_identity",
            "fmo_id",
            "identity",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_hand_attribution_name", "fmo_id", "carrier", "name_written"),
        CheckConstraint("npn ~ '^[1-9][0-9]{0,9}$'", name="npn_canonical"),
    )

    identity: Mapped[str] = mapped_column(KEY)
    carrier: Mapped[str]
    npn: Mapped[str]
    producer_id: Mapped[UUID]
    name_written: Mapped[str | None]  # the agent's name in the file: a candidate for the next one, never more
    kind_written: Mapped[str | None]  # and the carrier's identifier, as the policy keeps it
    value_written: Mapped[str | None]
    given_by: Mapped[UUID | None]
    given_name: Mapped[str]
    given_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]
    ended_name: Mapped[str | None]
