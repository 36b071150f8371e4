"""What every table is made from: the base, and whose rows it holds."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import DateTime, MetaData, Table, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from portal.core.ids import new_id

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Every model. `__sensitive__` names the kind under which loaded rows enter the access log."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text(),
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(),
    }
    __sensitive__: ClassVar[str | None] = None


def table_of(model: type[Base]) -> Table:
    """The table behind `model`, for statements that are not about objects."""
    table = model.__table__
    assert isinstance(table, Table)
    return table


class FmoOwned:
    """Rows of one FMO. The key starts with the tenant, so that no key says anything about a neighbour's."""

    fmo_id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-30)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id, sort_order=-29)


class BusinessOwned:
    """Rows of one Business of one FMO."""

    business_id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-30)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id, sort_order=-29)
    fmo_id: Mapped[UUID] = mapped_column(sort_order=-28)


class Global:
    """Rows of no tenant; `__global_reason__` says why that is right."""

    __global_reason__: ClassVar[str]


class Stamped:
    """When the row was made and last changed, by the database's clock."""

    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=90)
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now(), sort_order=91)
