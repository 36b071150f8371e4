"""Signing people in and out."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update

from portal.compliance.operations import write_installation_entry
from portal.core import access, clock, scope
from portal.core.scope import Login
from portal.core.session import open_session
from portal.identity import events, passwords
from portal.identity.models import Credential, User
from portal.identity.origin import Origin, scope_of
from portal.identity.sessions import IDENTITY_SCOPE
from portal.identity.standing import TOLD, withdrawn

MAX_TRIES = 5
LOCKED_FOR = timedelta(minutes=15)


class TurnedAway(Exception):
    """Somebody proved who they are and may not be in; the text says why, for them."""


def sign_in(email: str, password: str, origin: Origin) -> User | None:
    """The user whose e-mail and password these are, or None: unknown, wrong, locked and disabled look the same.

    Raises `TurnedAway` for somebody with the right password who is suspended or has left. Every outcome is logged: in
    the user's FMO, or for an unknown name in the installation's own log; success by `arriving`, which knows whether a
    second factor is still asked for.
    """
    with open_session(IDENTITY_SCOPE) as work:
        user = work.scalar(select(User).where(User.email == email.strip().lower()))
        credential = work.scalar(select(Credential).where(Credential.id == user.id).with_for_update()) if user else None
        right = passwords.matches(credential.password_hash if credential else None, password)
        if user is None:
            write_installation_entry(
                work, "session.refused", outcome="refused", reason="unknown name", request=origin.as_row()
            )
            return None
        why = _why_not(user, credential, right)
        if credential is not None:
            _count(credential, right, why)
            if why is None and passwords.outgrown(credential.password_hash):
                credential.password_hash = passwords.hash_password(password)
        work.flush()
        if why is not None:
            _log_refusal(user, origin, why)
    if why in TOLD:
        raise TurnedAway(TOLD[why])
    return user if why is None else None


def _why_not(user: User, credential: Credential | None, right: bool) -> str | None:
    if user.state != "active":
        return user.state
    if credential is None:
        return "no password"
    if credential.locked_until and credential.locked_until > clock.now():
        return "locked"
    return withdrawn(user) if right else "wrong password"


def _count(credential: Credential, right: bool, why: str | None) -> None:
    if why is None:
        credential.failed_count, credential.locked_until = 0, None
    elif why == "wrong password":
        credential.failed_count += 1
        if credential.failed_count >= MAX_TRIES:
            credential.failed_count, credential.locked_until = 0, clock.now() + LOCKED_FOR


def _log_refusal(user: User, origin: Origin, why: str) -> None:
    with open_session(scope_of(user, origin=origin, login=Login.IDENTITY)) as work:
        access.record(events.SIGN_IN_REFUSED, kind="user", ids=[user.id], session=work, why=why)
        access.pending(work)[-1].outcome = "refused"
        access.write_entries(work)


def log_sign_in(user: User, origin: Origin) -> None:
    """Log that a session begins for `user`: every factor that is asked of them is proved."""
    with open_session(scope_of(user, origin=origin, login=Login.IDENTITY)) as work:
        work.execute(update(User).where(User.id == user.id).values(last_sign_in_at=clock.now()))
        access.record(events.SIGNED_IN, kind="user", ids=[user.id], session=work)
        access.write_entries(work)


def log_half_way(user: User, origin: Origin, *, wanted: str) -> None:
    """Log that one factor is proved and the second is asked for: its proof, or that one be set up."""
    with open_session(scope_of(user, origin=origin, login=Login.IDENTITY)) as work:
        access.record(events.HALF_WAY, kind="user", ids=[user.id], session=work, wanted=wanted)
        access.write_entries(work)


def log_sign_out() -> None:
    """Log that the actor signed out, in the request's transaction."""
    at_work = scope.current()
    access.record(events.SIGNED_OUT, kind="user", ids=[at_work.actor_id] if at_work.actor_id else [])
