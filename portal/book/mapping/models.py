"""A mapping that is not finished: the sample of the file, and what was said of it so far. All of it is ciphertext."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.crypto import sealed
from portal.core.models import Base, FmoOwned, Stamped


class ConnectorDraft(FmoOwned, Stamped, Base):
    """One mapping under way; forgotten seven days after it was last worked on, when it is saved, or given up."""

    __tablename__ = "connector_draft"
    __sensitive__: ClassVar[str | None] = "connector_draft"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "connector_id"], ["connector.fmo_id", "connector.id"]),
        Index("ix_connector_draft_when", "fmo_id", "updated_at"),
    )

    connector_id: Mapped[UUID | None]  # whose layout is said anew; None: it becomes a connector of its own
    file_name: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    made_by: Mapped[UUID | None]
    made_by_name: Mapped[str]
    seen: Mapped[str] = mapped_column(info=sealed("draft"))  # what the sample looks like
    said: Mapped[str] = mapped_column(info=sealed("draft"))  # what was answered


class ConnectorDraftPiece(FmoOwned, Base):
    """The bytes of a sample, encrypted, in numbered pieces."""

    __tablename__ = "connector_draft_piece"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "draft_id"], ["connector_draft.fmo_id", "connector_draft.id"]),
        Index("uq_connector_draft_piece", "fmo_id", "draft_id", "piece", unique=True),
    )

    draft_id: Mapped[UUID]
    piece: Mapped[int]
    body: Mapped[str] = mapped_column(info=sealed("draft"))
