"""What sign-in and its neighbours ask about one person."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.identity.models import Fmo, User


def known_about(work: Session, user: User) -> list[str | None]:
    """What anybody may know about `user`, so that it makes no password: names, address, NPN, and the FMO's name."""
    fmo = work.scalar(select(Fmo).where(Fmo.id == user.fmo_id))
    return [user.first_name, user.last_name, user.email, user.npn, user.mobile, *([fmo.name, fmo.slug] if fmo else [])]
