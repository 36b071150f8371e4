"""Reviews of the log with their findings, what is followed up, the watch list, and how each FMO reviews.

Like the log these tables name people and members by id and have no foreign keys to them: they outlive them. A review
that is signed is changed by nobody; the database sees to it.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, SmallInteger, Uuid, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.models import Base, FmoOwned

FINE, FOLLOW_UP, INCIDENT = "fine", "follow_up", "incident"


class Review(FmoOwned, Base):
    """What happened from one moment to another, looked at by officers. While it is open, computing moves its end on."""

    __tablename__ = "review"
    __table_args__ = (
        Index("uq_review_open", "fmo_id", unique=True, postgresql_where=text("signed_at IS NULL")),
        Index("uq_review_number", "fmo_id", "number", unique=True),
        CheckConstraint("from_at <= until_at", name="period"),
        CheckConstraint(
            "num_nonnulls(signed_at, signed_by, signed_name, statement, sha256, key_id, signature) IN (0, 7)",
            name="signed_whole",
        ),
    )

    number: Mapped[int]
    from_at: Mapped[datetime]
    until_at: Mapped[datetime]
    begun_at: Mapped[datetime] = mapped_column(server_default=func.now())
    begun_by: Mapped[UUID]
    begun_name: Mapped[str]
    asked_at: Mapped[datetime] = mapped_column(server_default=func.now())  # when computing was asked for last
    asked_by: Mapped[UUID]
    asked_name: Mapped[str]
    computed_at: Mapped[datetime | None]
    entries: Mapped[int] = mapped_column(server_default=text("0"))  # of the log in the period
    rules: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))  # by which it was computed
    signed_at: Mapped[datetime | None]
    signed_by: Mapped[UUID | None]
    signed_name: Mapped[str | None]
    statement: Mapped[str | None]  # what was signed, see `statement`
    sha256: Mapped[str | None]
    key_id: Mapped[str | None]
    signature: Mapped[bytes | None]


class ReviewFinding(FmoOwned, Base):
    """One thing to look at: of one kind, mostly of one person and day. Once found it stays."""

    __tablename__ = "review_finding"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "review_id"], ["review.fmo_id", "review.id"]),
        Index("uq_review_finding_key", "fmo_id", "review_id", "kind", "key", unique=True),
        CheckConstraint("disposition IN ('fine', 'follow_up', 'incident')", name="disposition"),
        CheckConstraint("num_nonnulls(disposition, decided_at, decided_by, decided_name) IN (0, 4)", name="decided"),
    )

    review_id: Mapped[UUID]
    kind: Mapped[str]  # a name of the registry
    key: Mapped[str]  # what makes it the same finding when it is found again
    why: Mapped[str]  # in plain words, with the numbers
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str]
    role: Mapped[str]
    day: Mapped[date]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    entries: Mapped[int]
    member_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default=text("'{}'"))
    figures: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    filters: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))  # of the log, for its entries
    found_at: Mapped[datetime] = mapped_column(server_default=func.now())
    revision: Mapped[int] = mapped_column(server_default=text("0"))  # grows with every change
    grown: Mapped[bool] = mapped_column(server_default=text("false"))  # more was found since it was decided
    disposition: Mapped[str | None]  # fine | follow_up | incident
    note: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    decided_name: Mapped[str | None]


class FollowUp(FmoOwned, Base):
    """That a finding is followed up: by whom, until when, and what came of it. It outlives the review's signature."""

    __tablename__ = "review_follow_up"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "finding_id"], ["review_finding.fmo_id", "review_finding.id"]),
        Index("uq_review_follow_up_open", "fmo_id", "finding_id", unique=True,
              postgresql_where=text("closed_at IS NULL")),
        Index("ix_review_follow_up_due", "fmo_id", "due_on", postgresql_where=text("closed_at IS NULL")),
        CheckConstraint("num_nonnulls(closed_at, closed_by, closed_name, outcome) IN (0, 4)", name="closed"),
    )  # fmt: skip

    finding_id: Mapped[UUID]
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
    owner_id: Mapped[UUID]
    owner_name: Mapped[str]
    due_on: Mapped[date]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[UUID | None]
    closed_name: Mapped[str | None]
    outcome: Mapped[str | None]


class WatchedMember(FmoOwned, Base):
    """A member whose every access is a finding, while they are on the list: a neighbour, an employee, a known name."""

    __tablename__ = "watched_member"
    __sensitive__: ClassVar[str | None] = "watched_member"
    __table_args__ = (
        Index("uq_watched_member", "fmo_id", "member_id", unique=True, postgresql_where=text("removed_at IS NULL")),
        CheckConstraint("num_nonnulls(removed_at, removed_by, removed_name) IN (0, 3)", name="removed"),
    )

    member_id: Mapped[UUID]
    reason: Mapped[str]
    added_at: Mapped[datetime] = mapped_column(server_default=func.now())
    added_by: Mapped[UUID]
    added_name: Mapped[str]
    removed_at: Mapped[datetime | None]
    removed_by: Mapped[UUID | None]
    removed_name: Mapped[str | None]


class ReviewRules(FmoOwned, Base):
    """How an FMO reviews its log: the officers decide it, not those who are looked at. `id` is the FMO's."""

    __tablename__ = "review_rules"
    __table_args__ = (
        CheckConstraint("id = fmo_id", name="one"),
        CheckConstraint("every_days BETWEEN 1 AND 31", name="every_days"),
        CheckConstraint("opens BETWEEN 0 AND 23 AND closes BETWEEN 1 AND 24 AND opens < closes", name="hours"),
    )

    every_days: Mapped[int] = mapped_column(SmallInteger)
    zone: Mapped[str]
    opens: Mapped[int] = mapped_column(SmallInteger)  # office hours: from the hour `opens` to the hour `closes`
    closes: Mapped[int] = mapped_column(SmallInteger)
    weekends: Mapped[bool]  # whether Saturday and Sunday are outside office hours
    failures: Mapped[int] = mapped_column(SmallInteger)  # failed sign-ins of a person in a day
    least_members: Mapped[int]  # seen in a day: below it no volume is a finding
    own_factor: Mapped[int] = mapped_column(SmallInteger)
    peer_factor: Mapped[int] = mapped_column(SmallInteger)
    sample: Mapped[int] = mapped_column(SmallInteger)  # entries of each day
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    changed_name: Mapped[str]


class ReviewReminder(FmoOwned, Base):
    """That the officers were told by mail that a review is overdue; one row for each time it fell due."""

    __tablename__ = "review_reminder"
    __table_args__ = (Index("uq_review_reminder_due", "fmo_id", "due_at", unique=True),)

    due_at: Mapped[datetime]
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
    mailed_at: Mapped[datetime | None]
