"""Cases of wrong delivery, whom they were told to, and what each carrier's contract says about telling."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.crypto import sealed
from portal.core.models import Base, FmoOwned

LOW, BREACH, EXCEPTION = "low", "breach", "exception"


class BreachCase(FmoOwned, Base):
    """ "Account X had the wrong policies between t1 and t2", and what the officers make of it.

    The four factors are those of 45 CFR 164.402(2); the conclusion needs all of them.
    """

    __tablename__ = "breach_case"
    __table_args__ = (
        Index("ix_breach_case_opened", "fmo_id", "opened_at", "id"),
        CheckConstraint("conclusion IN ('low', 'breach', 'exception')", name="conclusion"),
        CheckConstraint("until > since", name="span"),
    )

    title: Mapped[str]
    recipient_id: Mapped[UUID]
    recipient_name: Mapped[str]  # as it was when the case was opened
    since: Mapped[datetime]
    until: Mapped[datetime]  # the first moment that is no longer in it
    run_id: Mapped[UUID | None]  # only what this run delivered
    npn: Mapped[str | None]  # only what was delivered under this NPN
    every_policy: Mapped[bool] = mapped_column(server_default=text("false"))  # and not only those found wrong
    discovered_on: Mapped[date]
    opened_by: Mapped[UUID]
    opened_name: Mapped[str]
    opened_at: Mapped[datetime] = mapped_column(server_default=func.now())
    told: Mapped[str | None] = mapped_column(info=sealed("breach_case.told"))  # JSON: the four factors, why, and notes
    conclusion: Mapped[str | None]
    concluded_name: Mapped[str | None]
    concluded_at: Mapped[datetime | None]
    closed_name: Mapped[str | None]
    closed_at: Mapped[datetime | None]


class BreachNotice(FmoOwned, Base):
    """That a carrier was told of a case."""

    __tablename__ = "breach_notice"
    __table_args__ = (Index("uq_breach_notice_carrier", "fmo_id", "case_id", "carrier", unique=True),)

    case_id: Mapped[UUID]
    carrier: Mapped[str]
    members: Mapped[int]  # affected, as they were told
    sent_on: Mapped[date]
    sent_to: Mapped[str]
    recorded_name: Mapped[str]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())


class CarrierTerm(FmoOwned, Base):
    """Within how many days, and where, a carrier wants to be told. The FMO is its business associate."""

    __tablename__ = "carrier_term"
    __table_args__ = (
        Index("uq_carrier_term_carrier", "fmo_id", "carrier", unique=True),
        CheckConstraint("days BETWEEN 0 AND 60", name="days"),
    )

    carrier: Mapped[str]
    days: Mapped[int]
    contact: Mapped[str]
    changed_name: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
