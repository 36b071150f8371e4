"""A Business and the NPNs whose policies belong to it."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.models import Base, BusinessOwned, FmoOwned, Stamped


class Business(FmoOwned, Stamped, Base):
    """An Agent CRM Business. `id` is the key `business_id` everywhere else."""

    __tablename__ = "business"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id"], ["fmo.id"]),
        ForeignKeyConstraint(["fmo_id", "producer_id"], ["producer.fmo_id", "producer.id"]),
        Index("ix_business_name", "fmo_id", "name_key", "id"),
        Index("uq_business_producer", "fmo_id", "producer_id", unique=True),
        CheckConstraint("agreement_until IS NULL OR agreement_until >= agreement_signed_on", name="agreement_dates"),
    )

    name: Mapped[str]
    name_key: Mapped[str]
    time_zone: Mapped[str]
    state: Mapped[str | None]
    producer_id: Mapped[UUID]  # the record it was provisioned from
    sync_enabled: Mapped[bool] = mapped_column(server_default=text("false"))
    continuous: Mapped[bool] = mapped_column(server_default=text("false"))
    synced_at: Mapped[datetime | None]  # when the last run succeeded
    carrier_data_of: Mapped[date | None]  # the newest as-of date among its synced policies
    agreement_signed_on: Mapped[date | None]
    agreement_until: Mapped[date | None]  # its last day; None: no end was agreed


class BusinessNpn(BusinessOwned, Base):
    """An NPN of a Business, from and to; apart from any user's state. Open where `until` is None."""

    __tablename__ = "business_npn"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "business_id"], ["business.fmo_id", "business.id"]),
        ForeignKeyConstraint(["fmo_id", "producer_id"], ["producer.fmo_id", "producer.id"]),
        Index("uq_business_npn_open", "business_id", "npn", unique=True, postgresql_where=text("until IS NULL")),
        Index("ix_business_npn_npn", "fmo_id", "npn"),
    )

    npn: Mapped[str]
    producer_id: Mapped[UUID | None]
    since: Mapped[datetime] = mapped_column(server_default=text("now()"))
    until: Mapped[datetime | None]
    synced_batch: Mapped[int | None] = mapped_column(BigInteger)  # how far runs have followed the book; None: not yet
