"""The book: connectors and their runs, members, policies, and who wrote each policy when."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.crypto import sealed
from portal.core.models import Base, FmoOwned, Stamped

KEY = Text(collation="C")  # compared bytewise: ranges on a prefix use the index, row security included


class Connector(FmoOwned, Stamped, Base):
    """A SmartConnector: one configured feed of one carrier. `confirmed_kinds` are the identifier kinds of which the
    FMO has said that they name the writing agent; `confirmed_rule` is the layout's rule that it has seen and confirmed,
    and does not speak for another one."""

    __tablename__ = "connector"
    __table_args__ = (Index("uq_connector_name", "fmo_id", "name", unique=True),)

    name: Mapped[str]
    carrier: Mapped[str]
    layout: Mapped[str]
    confirmed_kinds: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'"))
    confirmed_rule: Mapped[str | None]  # `Writer.rule` of the layout, as it was then
    confirmed_by: Mapped[UUID | None]  # None: the operator at the shell
    confirmed_name: Mapped[str | None]
    confirmed_at: Mapped[datetime | None]


class FeedRun(FmoOwned, Base):
    """One execution of a connector on one file; the truth about it (the queue only carries its id)."""

    __tablename__ = "feed_run"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "connector_id"], ["connector.fmo_id", "connector.id"]),
        Index("ix_feed_run_when", "fmo_id", "requested_at", "id"),
        Index("ix_feed_run_sha256", "fmo_id", "sha256"),
        Index("uq_feed_run_open_file", "fmo_id", "sha256", "dry_run", unique=True,
              postgresql_where=text("status IN ('queued', 'running', 'held', 'frozen')")),
    )  # fmt: skip

    connector_id: Mapped[UUID | None]  # known once the layout is detected
    layout_version: Mapped[int | None]  # of the connector's own layout that read the file; None: the package's
    parent_id: Mapped[UUID | None]  # of rows that were put right by hand: the run that had refused them
    file_name: Mapped[str]
    sha256: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    as_of: Mapped[date | None]
    dry_run: Mapped[bool] = mapped_column(server_default=text("false"))
    status: Mapped[str] = mapped_column(server_default="queued")  # as in words.RUN_STATES
    phase: Mapped[str | None]
    progress_done: Mapped[int] = mapped_column(server_default="0")
    progress_total: Mapped[int | None]
    attempt: Mapped[int] = mapped_column(server_default="0")
    fence: Mapped[int] = mapped_column(server_default="0")
    heartbeat_at: Mapped[datetime | None]
    rows: Mapped[int | None]
    new: Mapped[int | None]
    changed: Mapped[int | None]
    unchanged: Mapped[int | None]
    refused: Mapped[int | None]
    dropped: Mapped[int | None]
    unattributed: Mapped[int | None]
    released: Mapped[int | None]  # copies taken out of accounts because the writing agent changed
    missing: Mapped[int | None]  # policies marked because this file completed the second set without them
    says_full: Mapped[bool | None]  # what the file says of itself: everything, changes only, nothing
    batch: Mapped[int | None] = mapped_column(BigInteger)  # ingest number under which it wrote; None: it wrote nothing
    notes: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'"))
    error: Mapped[str | None]  # a sentence for a person
    same_as: Mapped[UUID | None]  # the run whose prints are this one's too: the very same file had been loaded then
    reading: Mapped[str | None]  # stands for how its rows were read
    book_batch: Mapped[int | None] = mapped_column(BigInteger)  # the book's newest ingest number when it ended
    requested_by: Mapped[str]
    requester_id: Mapped[UUID | None]  # None: the operator at the shell
    requested_at: Mapped[datetime] = mapped_column(server_default=func.now())
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None]


class FeedFile(FmoOwned, Base):
    """The bytes of a run's file, encrypted, in numbered pieces; `id` is a piece's own."""

    __tablename__ = "feed_file"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "run_id"], ["feed_run.fmo_id", "feed_run.id"]),
        Index("uq_feed_file_piece", "fmo_id", "run_id", "piece", unique=True),
    )

    run_id: Mapped[UUID]
    piece: Mapped[int]
    body: Mapped[str] = mapped_column(info=sealed("feed_file"))


class FeedProblem(FmoOwned, Base):
    """A row that a run refused or dropped, and why; never the value, only its shape."""

    __tablename__ = "feed_problem"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "run_id"], ["feed_run.fmo_id", "feed_run.id"]),
        Index("ix_feed_problem_run", "fmo_id", "run_id", "outcome", "sheet", "row"),
    )

    run_id: Mapped[UUID]
    outcome: Mapped[str]  # refused | dropped
    sheet: Mapped[str]
    row: Mapped[int]
    column_name: Mapped[str | None]
    shape: Mapped[str | None]
    reason: Mapped[str]


class Member(FmoOwned, Stamped, Base):
    """The insured person. `id` is stable and opaque; copies, contacts and the log carry it along."""

    __tablename__ = "member"
    __sensitive__: ClassVar[str | None] = "member"
    __table_args__ = (
        Index("ix_member_sort", "fmo_id", "sort_key", "id"),
        Index("ix_member_mbi_hash", "fmo_id", "mbi_hash"),
        CheckConstraint("birth_date IS NULL OR birth_date BETWEEN '1880-01-01' AND '2200-01-01'", name="birth_date"),
    )

    first_name: Mapped[str]
    middle_name: Mapped[str | None]
    last_name: Mapped[str]
    suffix: Mapped[str | None]
    sort_key: Mapped[str] = mapped_column(KEY)  # name_key(last) + " " + name_key(first)
    birth_date: Mapped[date | None]
    gender: Mapped[str | None]
    mbi: Mapped[str | None] = mapped_column(info=sealed("mbi"))
    mbi_hash: Mapped[str | None]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    address1: Mapped[str | None]
    address2: Mapped[str | None]
    city: Mapped[str | None]
    state: Mapped[str | None]
    zip: Mapped[str | None]
    county: Mapped[str | None]
    carrier: Mapped[str]  # whose file the present values come from
    as_of: Mapped[date]  # of that file
    batch: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))  # as a policy's
    revision: Mapped[int | None] = mapped_column(BigInteger)  # as a policy's


class MemberKey(FmoOwned, Base):
    """What a member is known by: rung of the match ladder and value (mbi: keyed hash; number: carrier|id; person)."""

    __tablename__ = "member_key"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "member_id"], ["member.fmo_id", "member.id"]),
        Index("uq_member_key_value", "fmo_id", "kind", "value", "member_id", unique=True),
        Index("ix_member_key_member", "fmo_id", "member_id"),
    )

    member_id: Mapped[UUID]
    kind: Mapped[str]  # mbi | number | person
    value: Mapped[str] = mapped_column(KEY)
    batch: Mapped[int | None] = mapped_column(BigInteger)  # ingest number of the run that first told it


class Policy(FmoOwned, Stamped, Base):
    """One enrolment in the FMO's book, as the newest file told it."""

    __tablename__ = "policy"
    __sensitive__: ClassVar[str | None] = "policy"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "member_id"], ["member.fmo_id", "member.id"]),
        ForeignKeyConstraint(["fmo_id", "source_run_id"], ["feed_run.fmo_id", "feed_run.id"]),
        Index("uq_policy_identity", "fmo_id", "identity", unique=True),
        Index("ix_policy_writer", "fmo_id", "writing_npn", "batch", "id"),
        Index("ix_policy_number", "fmo_id", "number_key", "id"),
        Index("ix_policy_sort", "fmo_id", "sort_key", "id"),
        Index("ix_policy_effective", "fmo_id", "effective_date", "id"),
        Index("ix_policy_member", "fmo_id", "member_id"),
        Index("ix_policy_missing", "fmo_id", "sort_key", "id", postgresql_where=text("missing_since IS NOT NULL")),
        Index("ix_policy_batch", "fmo_id", "batch"),
        Index("ix_policy_first_run", "fmo_id", "first_run_id", "id"),
        Index(
            "ix_policy_writer_value",
            "fmo_id",
            "carrier",
            "writer_kind",
            "writer_value",
            postgresql_where=text("writer_value IS NOT NULL"),
        ),
        CheckConstraint("effective_date BETWEEN '1900-01-01' AND '2200-01-01'", name="effective_date"),
        CheckConstraint("term_date IS NULL OR term_date BETWEEN '1900-01-01' AND '2200-01-01'", name="term_date"),
        CheckConstraint("writing_npn IS NULL OR writing_npn ~ '^[1-9][0-9]{0,9}$'", name="npn_canonical"),
    )

    carrier: Mapped[str]
    identity: Mapped[str] = mapped_column(KEY)  # sha256 hex of (carrier, what the layout declares)
    content_hash: Mapped[str] = mapped_column(KEY)
    batch: Mapped[int] = mapped_column(BigInteger)  # ingest number of the run that last changed the row
    revision: Mapped[int | None] = mapped_column(BigInteger)  # that number; what it was, once a change is taken back
    member_id: Mapped[UUID]
    sort_key: Mapped[str] = mapped_column(KEY)  # the member's, so that the list sorts by one index
    policy_number: Mapped[str | None]
    number_key: Mapped[str] = mapped_column(KEY)  # upper case letters and digits of the number, "" without one
    member_number: Mapped[str | None]
    line_of_business: Mapped[str | None]
    product: Mapped[str | None]
    plan_id: Mapped[str | None]
    plan_name: Mapped[str | None]
    status: Mapped[str]
    status_raw: Mapped[str | None]
    status_reason: Mapped[str | None]
    effective_date: Mapped[date]
    term_date: Mapped[date | None]
    renewal_date: Mapped[date | None]
    received_date: Mapped[date | None]
    premium: Mapped[Decimal | None]
    writing_npn: Mapped[str | None]  # the current interval's; None: unattributed
    writer_source: Mapped[str | None]  # column | crosswalk | hand
    writer_column: Mapped[str | None]  # the column of the file that said so
    writer_kind: Mapped[str | None]  # crosswalk identifier of the row, for a later attribution
    writer_value: Mapped[str | None]
    writer_shown: Mapped[str | None]  # the last four digits of a value that is kept as a hash
    writer_name: Mapped[str | None]
    other_agents: Mapped[str | None]
    as_of: Mapped[date]
    first_run_id: Mapped[UUID | None]  # the run that brought it into the book
    source_run_id: Mapped[UUID]
    source_sheet: Mapped[str]
    source_row: Mapped[int]
    missing_since: Mapped[date | None]  # as-of date of the first full set without it; changes nothing else


class PolicyWriter(FmoOwned, Base):
    """Who wrote a policy, as an interval with its source. The open interval is the policy's `writing_npn`."""

    __tablename__ = "policy_writer"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "policy_id"], ["policy.fmo_id", "policy.id"]),
        Index("uq_policy_writer_open", "fmo_id", "policy_id", unique=True, postgresql_where=text("until IS NULL")),
        Index("ix_policy_writer_policy", "fmo_id", "policy_id"),
    )

    policy_id: Mapped[UUID]
    npn: Mapped[str | None]  # None: unattributed in that time
    source: Mapped[str]  # column | crosswalk | hand | none
    run_id: Mapped[UUID | None]
    since: Mapped[datetime] = mapped_column(server_default=func.now())  # when the book learned it
    until: Mapped[datetime | None]
    written_from: Mapped[date | None]  # the agent's own dates in the row, where the layout has them
    written_to: Mapped[date | None]


OF_FILES = ("file", "shrunk_file")  # kinds of held changes whose subject is a feed run that waits


class HeldChange(FmoOwned, Base):
    """A change that would move so many policies between NPNs that a second admin must say yes before it is made.

    A file that looks cut off (`shrunk_file`) waits the same way, but any admin may say yes.

    `arguments` is what is needed to make it, `effect` what it would do, `digest` of exactly which policies.
    """

    __tablename__ = "held_change"
    __table_args__ = (
        Index("ix_held_change_when", "fmo_id", "status", "asked_at", "id"),
        Index("ix_held_change_subject", "fmo_id", "subject_id"),
        CheckConstraint("status IN ('waiting', 'approved', 'rejected', 'stale')", name="status"),
        CheckConstraint("status = 'rejected' OR kind = 'shrunk_file' OR decided_by <> asked_by", name="four_eyes"),
        CheckConstraint(
            "CASE status WHEN 'waiting' THEN decided_by IS NULL WHEN 'stale' THEN true"
            " ELSE decided_by IS NOT NULL AND decided_at IS NOT NULL END",
            name="decided",
        ),
    )

    kind: Mapped[str]  # file | shrunk_file | confirm | a kind of change of the crosswalk
    title: Mapped[str]  # what it is, in words
    subject_id: Mapped[UUID | None]  # the feed run, the SmartConnector, the record or line of the crosswalk
    arguments: Mapped[dict[str, Any]]
    effect: Mapped[dict[str, Any]]
    digest: Mapped[str]
    looked_at: Mapped[datetime] = mapped_column(server_default=func.now())  # when the effect was last computed
    status: Mapped[str] = mapped_column(server_default="waiting")  # waiting | approved | rejected | stale
    asked_by: Mapped[UUID | None]  # None: the operator at the shell
    asked_name: Mapped[str]
    asked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    decided_by: Mapped[UUID | None]
    decided_name: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None]
