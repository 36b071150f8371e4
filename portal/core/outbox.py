"""Work to be done after this transaction: a row beside the change, sent to the queue once it is committed.

The truth is here and not in Redis: a queue that is down or loses its data loses no work.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Text, func, insert, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from portal.core import scope
from portal.core.ids import new_id
from portal.core.models import Base, FmoOwned, table_of
from portal.extensions import db

CHANNEL = "portal_outbox"


class Outbox(FmoOwned, Base):
    """One job to send. `job` is a name from the list of allowed jobs; `args` are ids, never values."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_waiting", "due_at", postgresql_where=text("sent_at IS NULL")),)

    job: Mapped[str]
    args: Mapped[list[str]] = mapped_column(ARRAY(Text))
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    sent_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(server_default="0")


def send_after_commit(job: str, *ids: UUID | str, wait: timedelta | None = None) -> None:
    """Put `job` with the scope's FMO and `ids` into the outbox, due `wait` from now; it starts after the commit."""
    fmo_id = scope.fmo_id()
    row: dict[str, Any] = {"fmo_id": fmo_id, "id": new_id(), "job": job, "args": [str(fmo_id), *map(str, ids)]}
    if wait is not None:
        row["due_at"] = func.now() + wait
    # Inline, so without RETURNING: most logins may write here and not read.
    db.session.execute(insert(table_of(Outbox)).inline().values(row))
    db.session.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})
