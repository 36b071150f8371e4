"""A mail to somebody who has an account, and the link in it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.models import Base, FmoOwned


class Letter(FmoOwned, Base):
    """One mail. A link in it works once, until `expires_at`, and for the address alone to which it went.

    The token is made when the mail is sent; only its hash is kept.
    """

    __tablename__ = "letter"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "user_id"], ["portal_user.fmo_id", "portal_user.id"]),
        Index("uq_letter_token_hash", "token_hash", unique=True),
        Index("ix_letter_user", "fmo_id", "user_id"),
        Index("ix_letter_created", "created_at"),
    )

    user_id: Mapped[UUID]
    kind: Mapped[str]  # reset | confirm | password_changed | email_changed
    email: Mapped[str]  # where it goes; of `confirm` the new address
    token_hash: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    sent_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]  # of those with a link
    used_at: Mapped[datetime | None]
    voided_at: Mapped[datetime | None]
    # The user's `session_generation` when it was asked for. What ends their sessions ends a link with them.
    generation: Mapped[int] = mapped_column(server_default="0")
