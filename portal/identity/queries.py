"""What sign-in and its neighbours ask about one person."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.identity.models import Fmo, User

_tellers: list[Callable[[User], str | None]] = []


def also_known(tell: Callable[[User], str | None]) -> None:
    """Have an upper room name something more that anybody may know about a user."""
    _tellers.append(tell)


def known_about(work: Session, user: User) -> list[str | None]:
    """What anybody may know about `user`, so that it makes no password: names, address, NPN, FMO and account."""
    fmo = work.scalar(select(Fmo).where(Fmo.id == user.fmo_id))
    own = [user.first_name, user.last_name, user.email, user.npn, user.mobile]
    return [*own, *([fmo.name, fmo.slug] if fmo else []), *(tell(user) for tell in _tellers)]
