"""Sync runs, and what agents ask for."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, Uuid, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.models import Base, BusinessOwned

OPEN = ("queued", "running")
BY_BOOK = "by_book"  # in what a run expected: nothing was shown, the book itself is what it is held against
MISSED = ("failed", "cancelled")  # over, and nothing was done


class SyncRun(BusinessOwned, Base):
    """One execution of Policy Sync for one Business; the truth about it (the queue only carries its id)."""

    __tablename__ = "sync_run"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "business_id"], ["business.fmo_id", "business.id"]),
        Index("uq_sync_run_open", "business_id", unique=True, postgresql_where=text("status IN ('queued', 'running')")),
        Index("ix_sync_run_when", "fmo_id", "requested_at", "id"),
        Index("ix_sync_run_activity", "fmo_id", "activity_id"),
    )

    reason: Mapped[str]  # provision | enable | resync | add_agent | command | continuous
    status: Mapped[str] = mapped_column(server_default="queued")  # queued | running | succeeded | failed | cancelled
    activity_id: Mapped[UUID | None]
    invite_user_id: Mapped[UUID | None]  # whose invitation goes out on success
    requested_by_id: Mapped[UUID | None]
    requested_by: Mapped[str]
    requested_at: Mapped[datetime] = mapped_column(server_default=func.now())
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    phase: Mapped[str | None]
    progress_done: Mapped[int] = mapped_column(server_default="0")
    progress_total: Mapped[int | None]
    attempt: Mapped[int] = mapped_column(server_default="0")
    fence: Mapped[int] = mapped_column(server_default="0")
    heartbeat_at: Mapped[datetime | None]
    whole: Mapped[bool] = mapped_column(server_default=text("false"))  # looks at every policy, not only at newer ones
    expected: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # what was shown before Complete, else see `BY_BOOK`
    policies: Mapped[int | None]  # in the account after the run
    contacts: Mapped[int | None]
    added: Mapped[int | None]
    updated: Mapped[int | None]
    unchanged: Mapped[int | None]
    released: Mapped[int | None]
    handed_over: Mapped[int | None]  # from one NPN of the account to another
    contacts_new: Mapped[int | None]
    contacts_linked: Mapped[int | None]
    without_email: Mapped[int | None]
    possible_duplicates: Mapped[int | None]
    removed_by_agent: Mapped[int | None]
    gaps: Mapped[list[dict[str, Any]]] = mapped_column(
        JSONB, server_default=text("'[]'")
    )  # [{npn, policies}] not included
    error: Mapped[str | None]
    cancelled_by: Mapped[str | None]
    # Requests with an invitation behind them that came while the run was open: each becomes a run after its end.
    again: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))


class SyncLine(BusinessOwned, Base):
    """Policies to which a run did one and the same thing: at most a thousand of them, as many lines as it takes."""

    __tablename__ = "sync_line"
    __table_args__ = (
        ForeignKeyConstraint(["business_id", "run_id"], ["sync_run.business_id", "sync_run.id"]),
        Index("ix_sync_line_run", "business_id", "run_id", "id"),
    )

    run_id: Mapped[UUID]
    what: Mapped[str]  # added | updated | released | handed_over | skipped
    reason: Mapped[str]
    policy_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))


class ResyncRequest(BusinessOwned, Base):
    """An agent's "Ask for a re-sync", until the FMO answers it with a run."""

    __tablename__ = "resync_request"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "business_id"], ["business.fmo_id", "business.id"]),
        Index("uq_resync_request_open", "business_id", unique=True, postgresql_where=text("answered_at IS NULL")),
    )

    asked_by: Mapped[str]
    asked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    answered_at: Mapped[datetime | None]
    answer_run_id: Mapped[UUID | None]
