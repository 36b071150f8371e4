"""The prints of the rows that runs took."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.models import Base, FmoOwned


class FeedPrint(FmoOwned, Base):
    """Prints of a run's enrolments, many to a piece, about in the order of its file; `id` is a piece's own.

    A print is 32 bytes: a keyed hash of the row as the file has it (15), what is known of it (1), the policy's id (16).
    """

    __tablename__ = "feed_print"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "run_id"], ["feed_run.fmo_id", "feed_run.id"]),
        Index("uq_feed_print_piece", "fmo_id", "run_id", "piece", unique=True),
    )

    run_id: Mapped[UUID]
    piece: Mapped[int]
    body: Mapped[bytes] = mapped_column(LargeBinary)
