"""An upload and its rows. A row's values are health data that an agent brought: no other login reads them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.crypto import sealed
from portal.core.models import Base, BusinessOwned, Stamped

EMPTY = text("'{}'")


class Upload(BusinessOwned, Stamped, Base):
    """One file. `state`: columns (to be said) | preview | applied | undone."""

    __tablename__ = "upload"
    __sensitive__: ClassVar[str | None] = "upload"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "business_id"], ["business.fmo_id", "business.id"]),
        Index("ix_upload_when", "business_id", "created_at", "id"),
    )

    file_name: Mapped[str]
    made_by: Mapped[UUID]
    made_by_name: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="columns")
    # The packed table; None once it is forgotten.
    body: Mapped[str | None] = mapped_column(info=sealed("upload"))
    columns: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=EMPTY)  # place in the file → field
    date_order: Mapped[str] = mapped_column(server_default="mdy")
    rows: Mapped[int]
    replaces: Mapped[bool] = mapped_column(server_default=text("false"))  # its values stand where others differ
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=EMPTY)  # of the preview, then of what was done
    applied_at: Mapped[datetime | None]
    applied_by_name: Mapped[str | None]
    undone_at: Mapped[datetime | None]
    undone_by_name: Mapped[str | None]
    forgotten_at: Mapped[datetime | None]  # when the file and the rows were deleted


class UploadRow(BusinessOwned, Base):
    """One row of a file: what it says, what becomes of it, and what it changed."""

    __tablename__ = "upload_row"
    __sensitive__: ClassVar[str | None] = "upload_row"
    __table_args__ = (
        ForeignKeyConstraint(["business_id", "upload_id"], ["upload.business_id", "upload.id"]),
        Index("uq_upload_row_number", "business_id", "upload_id", "number", unique=True),
        Index("ix_upload_row_contact", "business_id", "contact_id", postgresql_where=text("written")),
    )

    upload_id: Mapped[UUID]
    number: Mapped[int]  # as a person counts it in the file
    outcome: Mapped[str]  # a key of plan.OUTCOMES
    reason: Mapped[str | None]  # why it is refused, without values
    choice: Mapped[str | None]  # of a person, for a row that waited: a contact's id | new | leave
    contact_id: Mapped[UUID | None]  # of the contact that is made or filled; no key, for an undone one is gone
    same_as: Mapped[int | None]  # the earlier row that is the same person
    rung: Mapped[str | None]
    candidates: Mapped[list[UUID]] = mapped_column(ARRAY(PG_UUID), server_default=EMPTY)
    doubts: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))  # [contact's id, reason, strength]
    problems: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))  # [column, shape, reason]
    values: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=EMPTY)  # keys: TYPED_FIELDS
    mbi: Mapped[str | None] = mapped_column(info=sealed("mbi"))
    mbi_hash: Mapped[str | None]
    keys: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=EMPTY)  # rung → value
    note: Mapped[str | None] = mapped_column(Text())
    fill: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=EMPTY)  # what it adds to a known contact
    fills_mbi: Mapped[bool] = mapped_column(server_default=text("false"))
    replaces: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=EMPTY)  # what it says otherwise, to stand
    was: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=EMPTY)  # what agents had said there; no carrier's
    fresh: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=EMPTY)  # where no carrier's word was aside
    lends: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=EMPTY)  # what it says again of a known contact
    lends_mbi: Mapped[bool] = mapped_column(server_default=text("false"))
    was_owned: Mapped[bool] = mapped_column(server_default=text("false"))  # the contact was the agent's own before
    written: Mapped[bool] = mapped_column(server_default=text("false"))  # it is carried out
    undone: Mapped[str | None]  # remove | blank | gone; or why it stayed: a key of words.STAYED
