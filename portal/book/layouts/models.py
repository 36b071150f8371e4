"""An FMO's own layouts, version by version, and the headers that were accepted for each connector."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKeyConstraint, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.models import Base, FmoOwned


class ConnectorLayout(FmoOwned, Base):
    """One version of how a connector's files are read, in the shape of the files in `connectors/layouts`.

    A version is never changed: the files that were read with it can be read again.
    """

    __tablename__ = "connector_layout"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "connector_id"], ["connector.fmo_id", "connector.id"]),
        Index("uq_connector_layout_version", "fmo_id", "connector_id", "version", unique=True),
        CheckConstraint("reason IN ('mapped', 'edited', 'columns')", name="reason"),
    )

    connector_id: Mapped[UUID]
    version: Mapped[int]
    body: Mapped[dict[str, Any]] = mapped_column(JSON)  # json, not jsonb: the order of entries can matter
    reason: Mapped[str]  # mapped | edited | columns (the carrier's columns changed)
    made_by: Mapped[UUID | None]
    made_by_name: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ConnectorHeader(FmoOwned, Base):
    """A set of columns that files of this connector may have; `version` reads them, None: the package's layout."""

    __tablename__ = "connector_header"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "connector_id"], ["connector.fmo_id", "connector.id"]),
        Index("uq_connector_header_columns", "fmo_id", "connector_id", "header_id", unique=True),
        Index("ix_connector_header_id", "fmo_id", "header_id"),
    )

    connector_id: Mapped[UUID]
    header_id: Mapped[str]  # equal for the same columns in whatever order
    columns: Mapped[list[str]] = mapped_column(JSON)  # as the file had them
    version: Mapped[int | None]
    run_id: Mapped[UUID | None]  # the newest run whose file had them; None: only the sample of a mapping
    accepted_by_name: Mapped[str]
    accepted_at: Mapped[datetime] = mapped_column(server_default=func.now())
