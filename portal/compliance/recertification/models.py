"""One recertification of a quarter, and a line for every user in it. No foreign keys to people: it outlives them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.models import Base, FmoOwned

CONFIRMED, WITHDRAWN, ENDED = "confirmed", "withdrawn", "ended"


class Recertification(FmoOwned, Base):
    """A quarter's. Once it is signed, nobody changes it or a line of it: the database refuses."""

    __tablename__ = "recertification"
    __table_args__ = (
        Index("uq_recertification_quarter", "fmo_id", "quarter", unique=True),
        CheckConstraint(
            "(signed_at IS NULL) = (statement IS NULL) AND (signed_at IS NULL) = (signature IS NULL)"
            " AND (signed_at IS NULL) = (signed_by IS NULL) AND (signed_at IS NULL) = (key_id IS NULL)",
            name="signed",
        ),
    )

    quarter: Mapped[str]  # 2026-Q4
    begun_at: Mapped[datetime] = mapped_column(server_default=func.now())
    begun_by: Mapped[UUID]
    begun_name: Mapped[str]
    roles: Mapped[
        dict[str, Any]
    ]  # role → what it may do, in words; as the program was when this was brought up to date
    renewed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    signed_at: Mapped[datetime | None]
    signed_by: Mapped[UUID | None]
    signed_name: Mapped[str | None]
    statement: Mapped[str | None]  # what is signed, byte for byte
    key_id: Mapped[str | None]
    signature: Mapped[bytes | None]

    @property
    def title(self) -> str:
        """ "2026 Q4"."""
        return self.quarter.replace("-", " ")


class RecertificationLine(FmoOwned, Base):
    """A user as they were when somebody decided, or when the lines were last brought up to date, and the decision.

    Who was withdrawn and let in again later has a second line.
    """

    __tablename__ = "recertification_line"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "recertification_id"], ["recertification.fmo_id", "recertification.id"]),
        Index(
            "uq_recertification_line_user", "fmo_id", "recertification_id", "user_id", unique=True,
            postgresql_where=text("decision IS DISTINCT FROM 'withdrawn'"),
        ),
        Index("ix_recertification_line_sorted", "fmo_id", "recertification_id", "sort_key", "id"),
        CheckConstraint("decided_by <> user_id", name="nobody_themselves"),
        CheckConstraint("decision IN ('confirmed', 'withdrawn', 'ended')", name="decision"),
        CheckConstraint("(decision IS NULL) = (decided_at IS NULL)", name="decided"),
        CheckConstraint("decision = 'ended' OR (decision IS NULL) = (decided_by IS NULL)", name="by_somebody"),
        CheckConstraint("decision <> 'withdrawn' OR note IS NOT NULL", name="withdrawn_with_a_note"),
    )  # fmt: skip

    recertification_id: Mapped[UUID]
    user_id: Mapped[UUID]
    name: Mapped[str]
    sort_key: Mapped[str]  # role's place and name
    email: Mapped[str]
    role: Mapped[str]
    account_id: Mapped[UUID | None]
    account: Mapped[str | None]
    npn: Mapped[str | None]
    state: Mapped[str]  # active | invited | locked
    last_sign_in_at: Mapped[datetime | None]
    has_factor: Mapped[bool]
    decision: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    decided_name: Mapped[str | None]
    note: Mapped[str | None]
