"""For how long an FMO keeps its log, what holds it back from ending, and the months that are archived."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, SmallInteger, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.crypto import sealed
from portal.core.models import Base, FmoOwned

YEARS, FEWEST, MOST = 10, 6, 50  # by default; what the law demands; what anybody may want
REASON = "legal_hold"
LOG, MEMBER, PERSON, BUSINESS = "log", "member", "person", "business"


class LogTerm(FmoOwned, Base):
    """For how many years the log is kept, as somebody said it; the newest row counts."""

    __tablename__ = "log_term"
    __table_args__ = (
        CheckConstraint(f"years BETWEEN {FEWEST} AND {MOST}", name="years"),
        Index("ix_log_term_when", "fmo_id", "set_at"),
    )

    years: Mapped[int] = mapped_column(SmallInteger)
    set_by: Mapped[UUID]
    set_name: Mapped[str]
    set_at: Mapped[datetime] = mapped_column(server_default=func.now())


class LegalHold(FmoOwned, Base):
    """No month ends in which there is an entry that this is about: any of the FMO, or any that names the subject."""

    __tablename__ = "legal_hold"
    __table_args__ = (
        CheckConstraint("(kind = 'log') = (subject_id IS NULL)", name="subject"),
        CheckConstraint("kind IN ('log', 'member', 'person', 'business')", name="kind"),
        CheckConstraint("lifted_by <> placed_by", name="two_people"),
        CheckConstraint("(lifted_at IS NULL) = (lifted_by IS NULL)", name="lifted"),
        Index("ix_legal_hold_when", "fmo_id", "placed_at"),
    )

    kind: Mapped[str]
    subject_id: Mapped[UUID | None]
    reason: Mapped[str] = mapped_column(info=sealed(REASON))
    placed_by: Mapped[UUID]
    placed_name: Mapped[str]
    placed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    lifted_by: Mapped[UUID | None]
    lifted_name: Mapped[str | None]
    lifted_at: Mapped[datetime | None]
    lifted_reason: Mapped[str | None] = mapped_column(info=sealed(REASON))


class LogArchive(FmoOwned, Base):
    """One month of an FMO's log in its file; signed, see `seals.archives`. Ended: it left the database."""

    __tablename__ = "log_archive"
    __table_args__ = (
        CheckConstraint("second_by <> approved_by", name="two_people"),
        CheckConstraint("second_by IS NULL OR approved_by IS NOT NULL", name="first_comes_first"),
        Index("uq_log_archive_month", "fmo_id", "month", unique=True),
    )

    month: Mapped[date]
    begin_at: Mapped[datetime]
    end_at: Mapped[datetime]
    entries: Mapped[int]
    seals: Mapped[int]
    file: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[bytes]
    parts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    key_id: Mapped[str]
    signature: Mapped[bytes]
    version: Mapped[int] = mapped_column(SmallInteger)
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
    approved_by: Mapped[UUID | None]
    approved_name: Mapped[str | None]
    approved_at: Mapped[datetime | None]
    second_by: Mapped[UUID | None]
    second_name: Mapped[str | None]
    second_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
