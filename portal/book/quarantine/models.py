"""Rows that a run refused, with their cells until somebody decides; and decisions that later files are read by."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.book.models import KEY
from portal.core.crypto import sealed
from portal.core.models import Base, FmoOwned, Stamped

WAITING, LOADING, LOADED, DISMISSED, TOLD = "waiting", "loading", "loaded", "dismissed", "told"
BODY_FIELD = "refused_row"


class RefusedRow(FmoOwned, Stamped, Base):
    """One row of a carrier's file that could not be taken. The same row refused by every file is one of these."""

    __tablename__ = "refused_row"
    __sensitive__: ClassVar[str | None] = "refused_row"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "connector_id"], ["connector.fmo_id", "connector.id"]),
        ForeignKeyConstraint(["fmo_id", "run_id"], ["feed_run.fmo_id", "feed_run.id"]),
        Index("uq_refused_row_digest", "fmo_id", "connector_id", "digest", unique=True),
        Index("ix_refused_row_state", "fmo_id", "state", "created_at", "id"),
        Index("ix_refused_row_cause", "fmo_id", "cause", "state"),
        Index("ix_refused_row_run", "fmo_id", "run_id"),
        Index("ix_refused_row_fix", "fmo_id", "fix_run_id", postgresql_where=text("fix_run_id IS NOT NULL")),
        Index("ix_refused_row_identity", "fmo_id", "identity", postgresql_where=text("identity IS NOT NULL")),
        CheckConstraint("state IN ('waiting', 'loading', 'loaded', 'dismissed', 'told')", name="state"),
    )

    connector_id: Mapped[UUID]
    carrier: Mapped[str]
    digest: Mapped[str] = mapped_column(KEY)  # keyed hash of the cells: the same row again is known by it
    identity: Mapped[str | None] = mapped_column(KEY)  # of the policy, as far as the row can be read
    cause: Mapped[str] = mapped_column(KEY)  # keyed hash of column, reason and, of a word, the word
    grouped: Mapped[bool] = mapped_column(server_default=text("false"))  # one word is the cause: one decision for all
    run_id: Mapped[UUID]  # the last run that refused it
    as_of: Mapped[date]  # of that run's file
    sheet: Mapped[str]
    row: Mapped[int]
    column_name: Mapped[str | None]
    reason: Mapped[str]
    body: Mapped[str] = mapped_column(info=sealed(BODY_FIELD))  # {header, cells}: the mapped columns only
    # The cells as somebody has put them right, in the same order.
    fixed: Mapped[str | None] = mapped_column(info=sealed(BODY_FIELD))
    state: Mapped[str] = mapped_column(server_default=WAITING)
    version: Mapped[int] = mapped_column(server_default="1")  # rises with every change, so that nobody decides blindly
    why: Mapped[str | None]  # of a dismissal
    decided_by: Mapped[UUID | None]
    decided_name: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    fix_run_id: Mapped[UUID | None]  # the run that loads it as fixed
    fix_row: Mapped[int | None]  # its row in that run's file
    told_run_id: Mapped[UUID | None]


class ValueAlias(FmoOwned, Base):
    """A decision that later files of a SmartConnector are read by; see `portal.connectors.aliases`.

    Of a word: what is written and what takes its place. Of one row's values: a keyed hash of the row's identifying
    cells and, encrypted, which cells are put right; nothing of a person can be read here.
    """

    __tablename__ = "value_alias"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "connector_id"], ["connector.fmo_id", "connector.id"]),
        Index(
            "uq_value_alias_word",
            "fmo_id",
            "connector_id",
            "column_key",
            "occurrence",
            "written",
            unique=True,
            postgresql_where=text("revoked_at IS NULL AND row_seal IS NULL"),
        ),
        Index(
            "uq_value_alias_row",
            "fmo_id",
            "connector_id",
            "row_seal",
            unique=True,
            postgresql_where=text("revoked_at IS NULL AND row_seal IS NOT NULL"),
        ),
        CheckConstraint("(row_seal IS NULL) = (written IS NOT NULL)", name="word_or_row"),
    )

    connector_id: Mapped[UUID]
    field: Mapped[str | None]  # of a word: one of `aliases.WORDS`
    column_name: Mapped[str | None]
    column_key: Mapped[str | None] = mapped_column(KEY)
    occurrence: Mapped[int | None]
    written: Mapped[str | None] = mapped_column(KEY)  # as words are compared
    shown: Mapped[str | None]  # as it was written
    replacement: Mapped[str | None]  # a canonical status, or the word that takes its place
    row_seal: Mapped[str | None] = mapped_column(KEY)
    row_mark: Mapped[int | None]
    # [[column key, occurrence, written, cell], …]
    body: Mapped[str | None] = mapped_column(info=sealed("value_alias"))
    decided_by: Mapped[UUID | None]
    decided_name: Mapped[str]
    decided_at: Mapped[datetime] = mapped_column(server_default=func.now())
    revoked_at: Mapped[datetime | None]
    revoked_name: Mapped[str | None]
