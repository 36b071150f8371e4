"""A file of the log: what was asked for, how far it is, and its encrypted pieces."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.crypto import sealed
from portal.core.models import Base, FmoOwned

FIELD = "log_file"
QUEUED, RUNNING, READY, FAILED, CANCELLED = "queued", "running", "ready", "failed", "cancelled"


class LogFile(FmoOwned, Base):
    """One file; deleted with its pieces a week after it was asked for."""

    __tablename__ = "log_file"
    __table_args__ = (Index("ix_log_file_when", "fmo_id", "asked_at"),)

    asked_by: Mapped[UUID]
    asked_name: Mapped[str]
    asked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    filters: Mapped[dict[str, Any]] = mapped_column(JSONB)  # of the address: ids, dates and words of the log
    state: Mapped[str] = mapped_column(server_default=text("'queued'"))
    beat_at: Mapped[datetime] = mapped_column(server_default=func.now())
    total: Mapped[int | None] = mapped_column(BigInteger)  # as of the moment of the snapshot
    done: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    pieces: Mapped[int] = mapped_column(server_default=text("0"))
    size: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    ended_at: Mapped[datetime | None]
    taken_at: Mapped[datetime | None]  # first downloaded


class LogFilePiece(FmoOwned, Base):
    """Some of the file's bytes, compressed and encrypted."""

    __tablename__ = "log_file_piece"
    __table_args__ = (Index("uq_log_file_piece", "fmo_id", "file_id", "piece", unique=True),)

    file_id: Mapped[UUID]
    piece: Mapped[int]
    body: Mapped[str] = mapped_column(info=sealed(FIELD))
