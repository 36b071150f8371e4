"""Closing somebody's sign-in because a compliance officer withdrew their access: anybody's of the FMO but their own.

Done under the login `identity`, in a transaction of its own: the officers' login may write officers alone. It is first
and cannot be taken back by what comes after it: whatever goes wrong then, the access is gone, and the list says so when
it is brought up to date. Policies stay where they are. Who may open the sign-in again is who could before; the
recertification then asks about the person anew.
"""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from sqlalchemy import func, select

from portal.core import access
from portal.core.scope import Login, Role, Scope
from portal.core.session import TenantSession, open_session
from portal.identity import operations as identity
from portal.identity import sessions
from portal.identity.models import User
from portal.identity.staff import events
from portal.identity.staff.operations import LAST, YOURSELF, Refused

GONE = "Your own access was closed in the meantime. Nothing was changed."


def withdraw(user_id: UUID, *, by: Scope) -> None:
    """Deactivate the user, end every link and every session; raises `Refused`. Who is deactivated already stays so."""
    with open_session(replace(by, login=Login.IDENTITY)) as work:
        # This login sees every FMO's people: whose it may be is said here.
        query = select(User).where(User.fmo_id == by.fmo_id, User.id == user_id).with_for_update()
        user = work.scalar(query)
        if user is None:
            raise Refused("There is no such user any more. Bring the list up to date.")
        if user.id == by.actor_id:
            raise Refused(YOURSELF)
        if user.state == "deactivated":
            return
        if not _still_in(work, by):
            raise Refused(GONE)
        _keep_an_admin(work, user)
        user.state = "deactivated"
        work.flush()
        identity.void_invitations(user.id, work)
        sessions.end_all_of(user.id, work=work)
        access.record(events.WITHDRAWN, kind="user", ids=[user.id], fields=["state"], session=work)
        access.write_entries(work)


def _still_in(work: TenantSession, by: Scope) -> bool:
    """Of two officers who withdraw each other at one moment the second is out already, and must not be the last."""
    active = (User.state == "active", User.suspended_at.is_(None))
    mine = select(User.id).where(User.fmo_id == by.fmo_id, User.id == by.actor_id, *active)
    return work.scalar(mine) is not None


def _keep_an_admin(work: TenantSession, user: User) -> None:
    """Refuse what would leave the FMO without an active administrator; the answer holds until `work` ends."""
    if user.role is not Role.FMO_ADMIN or user.state != "active" or user.suspended_at is not None:
        return
    work.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"portal.admins:{user.fmo_id}", 0))))
    others = (User.fmo_id == user.fmo_id, User.role == Role.FMO_ADMIN, User.state == "active", User.id != user.id)
    if not work.scalar(select(func.count()).select_from(User).where(*others, User.suspended_at.is_(None))):
        raise Refused(LAST)
