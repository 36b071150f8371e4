"""Writing a letter, and ending the links of those that are out."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, insert, update

from portal.core import clock, outbox
from portal.core.ids import new_id
from portal.core.models import table_of
from portal.core.session import TenantSession, open_session
from portal.identity.letters.models import Letter
from portal.identity.models import User
from portal.identity.operations import void_invitations
from portal.identity.sessions import IDENTITY_SCOPE

KEPT_FOR = timedelta(days=30)  # they hold addresses; what was done is in the log


def write_letter(work: TenantSession, user: User, kind: str, *, to: str, good_for: timedelta | None = None) -> None:
    """Have a letter mailed after `work` is committed. One with a link (`good_for`) ends earlier ones of its kind."""
    row: dict[str, object] = {"fmo_id": user.fmo_id, "id": new_id(), "user_id": user.id, "kind": kind, "email": to}
    if good_for is not None:
        _end(work, user, kind)
        row |= {"expires_at": clock.now() + good_for, "generation": user.session_generation}
    # Inline, so without RETURNING: whoever may write here need not be able to read.
    work.execute(insert(table_of(Letter)).inline().values(row))
    outbox.send_after_commit("send_letter", str(row["id"]), session=work)


def end_links(work: TenantSession, user: User) -> int:
    """End every link of the user's that is out or still to be mailed, also to set a first password; how many."""
    return _end(work, user) + void_invitations(user.id, work)


def _end(work: TenantSession, user: User, kind: str | None = None) -> int:
    now: datetime = clock.now()
    unused = [Letter.user_id == user.id, Letter.used_at.is_(None), Letter.voided_at.is_(None)]
    if kind is not None:
        unused.append(Letter.kind == kind)
    else:
        unused.append(Letter.expires_at.is_not(None))  # a notice is no link
    ended = update(Letter).where(*unused).values(voided_at=now).returning(Letter.id)
    return len(work.execute(ended.execution_options(synchronize_session=False)).all())


def forget_old() -> int:
    """Delete letters whose link and whose news are long over; how many."""
    old = delete(Letter).where(Letter.created_at < clock.now() - KEPT_FOR).returning(Letter.id)
    with open_session(IDENTITY_SCOPE) as work:
        return len(work.execute(old).all())
