"""What a run changed, field by field, and what it read otherwise than the file spells it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.book.models import KEY
from portal.core.crypto import sealed
from portal.core.models import Base, FmoOwned


class FeedEffect(FmoOwned, Base):
    """One policy or member that a run changed. `told`: field → [before, after], only of fields that differ.

    A Medicare number stands in it as the ciphertext that it is in the member's row. A policy that is new in the book
    has no row: its own says which run brought it. It gets one where its own row cannot tell: by a check, which leaves
    no policy behind, and by an undo, which takes it away.
    """

    __tablename__ = "feed_effect"
    __sensitive__: ClassVar[str | None] = "feed_effect"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "run_id"], ["feed_run.fmo_id", "feed_run.id"]),
        Index("ix_feed_effect_run", "fmo_id", "run_id", "kind", "sort_key", "id"),
        Index("ix_feed_effect_subject", "fmo_id", "subject_id", "run_id"),
        Index(
            "ix_feed_effect_identity",
            "fmo_id",
            "identity",
            postgresql_where=text("identity IS NOT NULL AND undone_at IS NOT NULL"),
        ),
        CheckConstraint("kind IN ('new', 'changed', 'member')", name="kind"),
    )

    run_id: Mapped[UUID]
    kind: Mapped[str]  # new | changed (policies) | member
    subject_id: Mapped[UUID]  # the policy, or the member
    member_id: Mapped[UUID]
    sort_key: Mapped[str] = mapped_column(KEY)  # the member's
    told: Mapped[dict[str, Any]] = mapped_column(JSONB, info=sealed("mbi", inside=True))
    identity: Mapped[str | None] = mapped_column(KEY)  # of a new policy that was taken back
    undone_at: Mapped[datetime | None]


class FeedReading(FmoOwned, Base):
    """Reading a run's file once more for what was read otherwise than it is spelled; `id` is the run's own.

    `counts`: a list of [column, kind, how many].
    """

    __tablename__ = "feed_reading"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "id"], ["feed_run.fmo_id", "feed_run.id"]),
        CheckConstraint("status IN ('queued', 'done', 'failed')", name="status"),
    )

    status: Mapped[str] = mapped_column(server_default="queued")
    counts: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))
    asked_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    finished_at: Mapped[datetime | None]


class FeedAlteration(FmoOwned, Base):
    """One cell that was read otherwise than it is spelled; its shape, never the value of an identifier."""

    __tablename__ = "feed_alteration"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "run_id"], ["feed_run.fmo_id", "feed_run.id"]),
        Index("ix_feed_alteration_run", "fmo_id", "run_id", "place"),
    )

    run_id: Mapped[UUID]
    place: Mapped[int]  # counts through the file
    sheet: Mapped[str]
    row: Mapped[int]
    column_name: Mapped[str]
    kind: Mapped[str]
    shape: Mapped[str]
    became: Mapped[str | None]
