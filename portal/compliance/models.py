"""The access log. Its tables have no foreign keys: entries outlive what they speak of."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Text, Uuid, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.ids import new_id
from portal.core.models import Base, FmoOwned, Global

ENTRY_VERSION = 1


class AccessEntry(FmoOwned, Base):
    """One sensitive read, change, sign-in, disclosure or refusal. Insert-only; partitioned by month of `at`."""

    __tablename__ = "access_entry"
    __table_args__ = (
        Index("ix_access_entry_when", "fmo_id", "at", "id"),
        Index("ix_access_entry_actor", "fmo_id", "actor_id", "at"),
        Index("ix_access_entry_business", "fmo_id", "business_id", "at"),
        Index("ix_access_entry_action", "fmo_id", "action", "at"),
        Index("ix_access_entry_run", "fmo_id", "run_id", "at", postgresql_where=text("run_id IS NOT NULL")),
        Index("ix_access_entry_not_done", "fmo_id", "outcome", "at", postgresql_where=text("outcome <> 'done'")),
        {"postgresql_partition_by": "RANGE (at)"},
    )

    at: Mapped[datetime] = mapped_column(primary_key=True, server_default=func.now())
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str]
    role: Mapped[str]
    business_id: Mapped[UUID | None]
    session_id: Mapped[UUID | None]
    request_id: Mapped[str | None]
    run_id: Mapped[UUID | None]
    action: Mapped[str]
    subject_kind: Mapped[str | None]
    subject_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default=text("'{}'"))
    member_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default=text("'{}'"))
    fields: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    reason: Mapped[str | None]
    address: Mapped[str | None]
    user_agent: Mapped[str | None]
    outcome: Mapped[str]  # done | refused | failed
    also: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))  # other kinds: [ids]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    version: Mapped[int] = mapped_column(server_default=text("1"))


class InstallationEntry(Global, Base):
    """What happened before any FMO was known: a sign-in with an unknown name, a stranger's bad link."""

    __tablename__ = "installation_entry"
    __global_reason__ = "no tenant is known yet when these happen; only the operator reads them"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    action: Mapped[str]
    outcome: Mapped[str]
    reason: Mapped[str | None]
    address: Mapped[str | None]
    user_agent: Mapped[str | None]
    request_id: Mapped[str | None]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
