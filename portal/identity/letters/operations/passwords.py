"""A new password: by a mailed link, or by who knows the present one."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from portal.compliance.operations import write_installation_entry
from portal.core import access, clock
from portal.core.events import Event
from portal.core.scope import Login
from portal.core.session import TenantSession, open_session
from portal.identity import passwords, sessions
from portal.identity.guessing import limits
from portal.identity.guessing.evenness import at_least
from portal.identity.letters import events
from portal.identity.letters.operations.writing import end_links, write_letter
from portal.identity.letters.queries import open_letter
from portal.identity.letters.words import PASSWORD_CHANGED, RESET
from portal.identity.models import Credential, User
from portal.identity.operations import set_password
from portal.identity.origin import Origin, scope_of
from portal.identity.sessions import IDENTITY_SCOPE
from portal.identity.sso.queries import local_password_off, only_way_in
from portal.identity.standing import kept_out

GOOD_FOR = timedelta(minutes=60)
ASKED_FROM_ONE_ADDRESS = limits.Limit("reset from an address", most=30, within=timedelta(hours=1))
ASKED_FOR_ONE_USER = limits.Limit("reset of a user", most=5, within=timedelta(hours=1))
TRIED_BY_ONE_USER = limits.Limit("change of a password", most=5, within=timedelta(minutes=15))
TAKES = 0.4  # seconds, several times what the longest way takes


def ask_reset(email: str, origin: Origin) -> None:
    """Mail a link to set a new password, if there is anybody to mail it to; nothing that can be seen tells.

    None goes to who may not be in, has no password to set anew, or asked too often. Every request is logged.
    """
    with at_least(TAKES):
        from_there = limits.knock(ASKED_FROM_ONE_ADDRESS, limits.place_of(origin.address))
        with open_session(IDENTITY_SCOPE) as work:
            user = work.scalar(select(User).where(User.email == email.strip().lower()))
            why = None if user is None else _why_none(work, user)
            if user is None:
                row = origin.as_row()
                write_installation_entry(work, "reset.refused", outcome="refused", reason="unknown name", request=row)
        if user is None:
            return
        too_many = limits.knock(ASKED_FOR_ONE_USER, str(user.id)).over or from_there.over
        _answer(user, origin, "too many" if too_many else why)


def _answer(user: User, origin: Origin, why: str | None) -> None:
    with open_session(scope_of(user, origin=origin, login=Login.IDENTITY)) as work:
        if why is not None:
            _refused(work, events.RESET_REFUSED, user, why)
        else:
            write_letter(work, user, RESET, to=user.email, good_for=GOOD_FOR)
            access.record(events.RESET_ASKED, kind="user", ids=[user.id], session=work)
        access.write_entries(work)


def _why_none(work: TenantSession, user: User) -> str | None:
    why = kept_out(user)
    return "no password" if why is None and only_way_in(work, user) else why


def use_reset(user: User, token: str, password: str, origin: Origin) -> User | None:
    """Set the password of who opened the link `token`: every session, link and lock of theirs ends.

    The user as they are then, or None where the link was used or ended in this moment.
    """
    with open_session(scope_of(user, origin=origin, login=Login.IDENTITY)) as work:
        found = open_letter(work, RESET, token)
        if found is None:
            return None
        letter, held = found
        letter.used_at = clock.now()
        set_password(work, held, password)
        _changed(work, held)
        access.record(events.RESET_USED, kind="user", ids=[held.id], session=work)
        access.write_entries(work)
        work.refresh(held)  # with the count of their sessions that holds from now on
        return held


def change_password(user: User, present: str, wanted: str, origin: Origin, *, here: UUID | None) -> bool:
    """Set `wanted` for who knows the present password; False where they do not, or tried too often.

    Every other session than `here` ends.
    """
    knock = limits.knock(TRIED_BY_ONE_USER, str(user.id))
    with open_session(scope_of(user, origin=origin, login=Login.IDENTITY)) as work:
        credential = work.scalar(select(Credential).where(Credential.id == user.id))
        right = passwords.matches(credential.password_hash if credential else None, present)
        right = right and not knock.over and not local_password_off(work, user)
        if right:
            set_password(work, user, wanted)
            _changed(work, user, here=here)
            access.record(events.PASSWORD_CHANGED, kind="user", ids=[user.id], session=work)
        else:
            _refused(work, events.PASSWORD_REFUSED, user, "too many" if knock.over else "wrong password")
        access.write_entries(work)
    if right:
        limits.give_back(knock)
    return right


def _changed(work: TenantSession, user: User, *, here: UUID | None = None) -> None:
    end_links(work, user)
    sessions.end_all_of(user.id, but=here, work=work)
    write_letter(work, user, PASSWORD_CHANGED, to=user.email)


def _refused(work: TenantSession, event: Event, user: User, why: str) -> None:
    access.record(event, kind="user", ids=[user.id], session=work, why=why)
    access.pending(work)[-1].outcome = "refused"
