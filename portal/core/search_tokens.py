"""Searches that may name a member: posted, kept encrypted, and named in the URL by an opaque token."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.core import crypto, scope
from portal.core.ids import new_id, parse_id
from portal.core.models import Base, FmoOwned
from portal.extensions import db

MAX_LENGTH = 200


class SearchToken(FmoOwned, Base):
    """One posted search of one user; `id` is the token."""

    __tablename__ = "search_token"

    user_id: Mapped[UUID]
    body: Mapped[str] = mapped_column(info=crypto.sealed("search"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


def keep(text: str) -> str:
    """A token for `text` (cut to 200 characters), good for the same user only."""
    at_work = scope.current()
    assert at_work.fmo_id is not None and at_work.actor_id is not None
    token = new_id()
    body = crypto.encrypt(text.strip()[:MAX_LENGTH], fmo_id=at_work.fmo_id, field="search")
    db.session.add(SearchToken(fmo_id=at_work.fmo_id, id=token, user_id=at_work.actor_id, body=body))
    return str(token)


def read(token: str | None) -> str:
    """The text behind `token`, or "" where there is none, or it is another user's."""
    at_work = scope.current()
    token_id = parse_id(token or "")
    if token_id is None or at_work.fmo_id is None:
        return ""
    found = db.session.scalar(
        select(SearchToken).where(SearchToken.id == token_id, SearchToken.user_id == at_work.actor_id)
    )
    return crypto.decrypt(found.body, fmo_id=at_work.fmo_id, field="search") if found else ""
