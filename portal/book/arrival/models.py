"""Where files come from, every look at such a place, the files that were seen there, and how often one is expected."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.crypto import sealed
from portal.core.models import Base, FmoOwned, Stamped


class ArrivalSource(FmoOwned, Stamped, Base):
    """One place from which files of a SmartConnector are taken.

    `secret` is written by the pages and read by jobs alone. `host_key` is what an administrator confirmed;
    `offered_key` is what the host showed and nobody has confirmed yet.
    """

    __tablename__ = "arrival_source"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "connector_id"], ["connector.fmo_id", "connector.id"]),
        Index("ix_arrival_source_connector", "fmo_id", "connector_id", "created_at"),
        Index("ix_arrival_source_due", "fmo_id", "next_at", postgresql_where=text("removed_at IS NULL")),
        CheckConstraint("kind IN ('folder', 'sftp')", name="kind"),
        CheckConstraint("afterwards IN ('leave', 'move', 'delete')", name="afterwards"),
        CheckConstraint("kind = 'folder' OR host IS NOT NULL AND username IS NOT NULL", name="sftp_has_a_host"),
    )

    connector_id: Mapped[UUID]
    kind: Mapped[str]  # folder | sftp
    folder: Mapped[str]  # below the FMO's inbox, or on the server
    pattern: Mapped[str]
    host: Mapped[str | None]
    port: Mapped[int | None]
    username: Mapped[str | None]
    secret: Mapped[str | None] = mapped_column(deferred=True, info=sealed("arrival"))  # never selected by a page
    secret_kind: Mapped[str | None]  # password | key
    secret_since: Mapped[datetime | None]
    host_key: Mapped[str | None]
    host_key_by: Mapped[str | None]
    host_key_since: Mapped[datetime | None]
    offered_key: Mapped[str | None]
    afterwards: Mapped[str] = mapped_column(server_default="leave")  # leave | move | delete
    move_to: Mapped[str | None]
    every_minutes: Mapped[int | None]  # neither of the two: only by the button
    daily_at: Mapped[str | None]  # "06:30" in `zone`
    zone: Mapped[str] = mapped_column(server_default="America/New_York")
    next_at: Mapped[datetime | None]
    looked_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(server_default="0")  # looks that failed since the last that did not
    failing_since: Mapped[datetime | None]
    error: Mapped[str | None]  # of the last look that failed, a sentence
    stopped: Mapped[bool] = mapped_column(server_default=text("false"))  # nothing is tried until somebody decides
    removed_at: Mapped[datetime | None]


class ArrivalLook(FmoOwned, Base):
    """One look at a source, and what came of it; the queue only carries its id. `lines` tell file by file."""

    __tablename__ = "arrival_look"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "source_id"], ["arrival_source.fmo_id", "arrival_source.id"]),
        Index("ix_arrival_look_when", "fmo_id", "source_id", "asked_at", "id"),
        Index(
            "uq_arrival_look_open",
            "fmo_id",
            "source_id",
            unique=True,
            postgresql_where=text("status IN ('queued', 'running')"),
        ),
        CheckConstraint("what IN ('take', 'test', 'key')", name="what"),
        CheckConstraint("status IN ('queued', 'running', 'done', 'failed')", name="status"),
    )

    source_id: Mapped[UUID]
    what: Mapped[str]  # take | test (lists, takes nothing) | key (asks for the host's key)
    status: Mapped[str] = mapped_column(server_default="queued")
    fence: Mapped[int] = mapped_column(server_default="0")
    found: Mapped[int | None]
    taken: Mapped[int | None]
    waiting: Mapped[int | None]
    left: Mapped[int | None]
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    error: Mapped[str | None]
    asked_by: Mapped[str]
    asked_id: Mapped[UUID | None]  # None: the schedule
    asked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class ArrivalFile(FmoOwned, Base):
    """A file that was seen at a source: it waits until it is whole, was taken as a run, or cannot be taken."""

    __tablename__ = "arrival_file"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "source_id"], ["arrival_source.fmo_id", "arrival_source.id"]),
        ForeignKeyConstraint(["fmo_id", "run_id"], ["feed_run.fmo_id", "feed_run.id"]),
        Index("ix_arrival_file_name", "fmo_id", "source_id", "name"),
        Index("ix_arrival_file_run", "fmo_id", "run_id"),
        Index(
            "uq_arrival_file_waiting",
            "fmo_id",
            "source_id",
            "name",
            unique=True,
            postgresql_where=text("state = 'waiting'"),
        ),
        CheckConstraint("state IN ('waiting', 'taken', 'refused')", name="state"),
        CheckConstraint("state <> 'taken' OR sha256 IS NOT NULL AND run_id IS NOT NULL", name="taken_as_a_run"),
    )

    source_id: Mapped[UUID]
    name: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    modified: Mapped[int] = mapped_column(BigInteger)  # as the place tells it: only ever compared with itself
    state: Mapped[str]
    sha256: Mapped[str | None]
    run_id: Mapped[UUID | None]
    stands: Mapped[str] = mapped_column(server_default="there")  # there | done | refused | gone: where it is now
    kept_as: Mapped[str | None]  # its name in done/ or refused/
    first_seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())  # since when it has this size and time


class Expectation(FmoOwned, Base):
    """At least how often a file of a SmartConnector is expected; without a row nobody waits for one."""

    __tablename__ = "arrival_expectation"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "connector_id"], ["connector.fmo_id", "connector.id"]),
        Index("uq_arrival_expectation", "fmo_id", "connector_id", unique=True),
        CheckConstraint("every_days BETWEEN 1 AND 366", name="days"),
    )

    connector_id: Mapped[UUID]
    every_days: Mapped[int]
    set_at: Mapped[datetime] = mapped_column(server_default=func.now())
    set_by: Mapped[str]
