"""Work to be done after this transaction: a row beside the change, sent to the queue once it is committed.

The truth is here and not in Redis: a queue that is down or loses its data loses no work.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Text, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from portal.core import scope
from portal.core.ids import new_id
from portal.core.models import Base, FmoOwned, table_of
from portal.core.session import TenantSession
from portal.extensions import db

CHANNEL = "portal_outbox"


class Outbox(FmoOwned, Base):
    """One job to send. `job` is a name from the list of allowed jobs; `args` are ids, never values."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_waiting", "due_at", postgresql_where=text("sent_at IS NULL")),
        Index("ix_outbox_undone", "sent_at", postgresql_where=text("done_at IS NULL")),
    )

    job: Mapped[str]
    args: Mapped[list[str]] = mapped_column(ARRAY(Text))
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    sent_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(server_default="0")
    done_at: Mapped[datetime | None]  # the job ended by itself; one that was sent and is not done may be lost


def send_after_commit(
    job: str, *ids: UUID | str, wait: timedelta | None = None, session: TenantSession | None = None
) -> None:
    """Put `job` with the scope's FMO and `ids` into the outbox, due `wait` from now; it starts after the commit.

    `session`: one of its own beside the request's, with its own scope and commit.
    """
    at_work = session if session is not None else db.session
    fmo_id = session.scope().fmo_id if session is not None else scope.fmo_id()
    row: dict[str, Any] = {"fmo_id": fmo_id, "id": new_id(), "job": job, "args": [str(fmo_id), *map(str, ids)]}
    if wait is not None:
        row["due_at"] = func.now() + wait
    # Inline, so without RETURNING: most logins may write here and not read.
    at_work.execute(insert(table_of(Outbox)).inline().values(row))
    at_work.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})


def under_way(job: str, subject: UUID) -> bool:
    """Whether `job` for the record `subject` waits in the outbox or in the queue, or is at work. For jobs only."""
    mine = (Outbox.job == job, Outbox.done_at.is_(None), Outbox.args.contains([str(subject)]))
    return db.session.scalar(select(Outbox.id).where(*mine).limit(1)) is not None


def forget(job: str, subject: UUID) -> None:
    """Send `job` for the record `subject` no more: whoever had it is dead, and what takes its place is sent anew."""
    mine = (Outbox.job == job, Outbox.done_at.is_(None), Outbox.args.contains([str(subject)]))
    gone = {"done_at": func.now(), "sent_at": func.coalesce(Outbox.sent_at, func.now())}
    db.session.execute(update(Outbox).where(*mine).values(**gone).execution_options(synchronize_session=False))
