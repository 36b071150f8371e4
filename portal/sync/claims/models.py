"""An agent's word that a policy is theirs."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, func, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.models import Base, BusinessOwned

KEY = Text(collation="C")


class PolicyClaim(BusinessOwned, Base):
    """ "This policy is mine": carrier and number as a user typed them, until the FMO answers.

    It says nothing about whether the book has such a policy. `verdict` is the FMO's own word, `answer` what the account
    reads.
    """

    __tablename__ = "policy_claim"
    __sensitive__: ClassVar[str | None] = "policy_claim"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "business_id"], ["business.fmo_id", "business.id"]),
        Index("ix_policy_claim_queue", "fmo_id", "status", "at", "id"),
        Index("ix_policy_claim_by", "business_id", "by_id", "at"),
        # For each user apart: one's own claim must not be told by somebody else's.
        Index(
            "uq_policy_claim_open",
            "business_id",
            "by_id",
            "carrier",
            "number_key",
            unique=True,
            postgresql_where=text("answered_at IS NULL"),
        ),
        CheckConstraint("status IN ('open', 'answered')", name="status"),
    )

    carrier: Mapped[str]
    number: Mapped[str]  # as typed
    number_key: Mapped[str] = mapped_column(KEY)  # upper case letters and digits, as policy numbers are compared
    note: Mapped[str | None]
    by_id: Mapped[UUID]
    by_name: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    status: Mapped[str] = mapped_column(server_default="open")  # open | answered
    # attributed | anothers | unknown | other | sent_on: not for the account, whose login cannot read it
    verdict: Mapped[str | None] = mapped_column(deferred=True)
    answer: Mapped[str | None]
    answered_by: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    sent_on_at: Mapped[datetime | None]  # to the carrier; it stays open
