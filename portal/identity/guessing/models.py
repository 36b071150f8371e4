"""Tries of one kind from one place, and browsers in which somebody has signed in before."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.ids import new_id
from portal.core.models import Base, FmoOwned, Global


class Tries(Global, Base):
    """How often one door was knocked at in vain from one place, in the stretch of time that begins at `since`."""

    __tablename__ = "guess_tries"
    __global_reason__ = "counted before anybody knows who knocks; only the login identity can read it"
    __table_args__ = (
        Index("uq_guess_tries", "door", "place", "since", unique=True),
        Index("ix_guess_tries_since", "since"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    door: Mapped[str]
    place: Mapped[str]  # a network address, or a user's id
    since: Mapped[datetime]
    count: Mapped[int]


class KnownBrowser(FmoOwned, Base):
    """A browser in which a user has given the right password. Its cookie holds a random token; the row its hash."""

    __tablename__ = "known_browser"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "user_id"], ["portal_user.fmo_id", "portal_user.id"]),
        Index("uq_known_browser", "fmo_id", "user_id", "token_hash", unique=True),
        Index("ix_known_browser_token", "token_hash"),
        Index("ix_known_browser_used", "used_at"),
    )

    user_id: Mapped[UUID]
    token_hash: Mapped[str]
    used_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    wrong_tries: Mapped[int] = mapped_column(server_default="0")  # since the last right password
