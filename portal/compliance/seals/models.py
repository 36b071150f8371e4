"""The chain of seals of each FMO's log, which entries stand in which seal, and when somebody last checked them.

The installation's own log has a chain too: under `INSTALLATION`, which is no FMO's id. Like the log these tables have
no foreign keys, and nobody changes a row of the first two.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, SmallInteger, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.models import Base, FmoOwned

INSTALLATION = UUID(int=0)


class Seal(FmoOwned, Base):
    """The n-th seal of one chain. What is signed is made from the other columns, see `chain.statement`."""

    __tablename__ = "seal"
    __table_args__ = (Index("uq_seal_n", "fmo_id", "n", unique=True),)

    n: Mapped[int]
    sealed_at: Mapped[datetime]
    count: Mapped[int]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    complete: Mapped[bool]  # nothing else was waiting to be sealed: an older entry that comes later is backdated
    root: Mapped[bytes]
    previous: Mapped[bytes]  # the hash of the seal before; zeros in the first
    hash: Mapped[bytes]
    key_id: Mapped[str]
    signature: Mapped[bytes]
    version: Mapped[int] = mapped_column(SmallInteger)


class SealMember(FmoOwned, Base):
    """That an entry stands in a seal; `id` is the entry's. Most rows of all tables: nothing here that need not be."""

    __tablename__ = "seal_member"
    __table_args__ = (Index("ix_seal_member_n", "fmo_id", "n"),)

    mark: Mapped[int] = mapped_column(BigInteger)  # begin of the leaf: names what was edited, proves nothing
    n: Mapped[int]
    place: Mapped[int] = mapped_column(SmallInteger)


class SealCheck(FmoOwned, Base):
    """One verification of a chain: how far it is, and what it found."""

    __tablename__ = "seal_check"
    __table_args__ = (Index("ix_seal_check_begun", "fmo_id", "begun_at"),)

    begun_at: Mapped[datetime] = mapped_column(server_default=func.now())
    asked_by: Mapped[UUID | None]  # nobody: the daily one
    asked_name: Mapped[str]
    beat_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]
    total: Mapped[int] = mapped_column(server_default=text("0"))
    entries: Mapped[int] = mapped_column(server_default=text("0"))
    seals: Mapped[int] = mapped_column(server_default=text("0"))
    archived: Mapped[int] = mapped_column(server_default=text("0"))  # entries that left the log by policy
    fault_count: Mapped[int] = mapped_column(server_default=text("0"))
    faults: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))  # sentences with ids and times
