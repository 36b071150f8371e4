"""Signing people in and out.

Two limits slow guessing down, both kept in the database: wrong tries of one account, after which it is locked for
ever longer, and tries from one address that did not work. A browser in which the user has signed in before stands
outside both, with a few wrong tries of its own, so that nobody locks out somebody else at will.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update

from portal.compliance.operations import write_installation_entry
from portal.core import access, clock, scope
from portal.core.scope import Login
from portal.core.session import TenantSession, open_session
from portal.identity import events, passwords
from portal.identity.guessing import browsers, limits
from portal.identity.guessing.models import KnownBrowser
from portal.identity.models import Credential, User
from portal.identity.origin import Origin, scope_of
from portal.identity.sessions import IDENTITY_SCOPE
from portal.identity.sso.queries import local_password_off
from portal.identity.standing import TOLD, withdrawn

LOCK_AFTER = 5
LOCKED_FOR, LONGEST_LOCK = timedelta(minutes=15), timedelta(hours=4)
FROM_ONE_ADDRESS = limits.Limit("sign-in", most=100, within=timedelta(minutes=15))
FROM_THERE = "too many tries from this address"


class TurnedAway(Exception):
    """Somebody proved who they are and may not be in; the text says why, for them."""


class TooMany(Exception):
    """Too many tries came from this address; whose account it was about plays no part in that."""


@dataclass(frozen=True, slots=True)
class _Try:
    """One try, as it stood before the password was looked at."""

    user: User | None
    stored: str | None  # the password's hash
    known: bool  # it comes from a browser of the user's
    password: str
    token: str | None
    origin: Origin


def sign_in(email: str, password: str, origin: Origin, *, token: str | None = None) -> User | None:
    """The user whose e-mail and password these are, or None: unknown, wrong, locked and disabled look the same.

    `token` is what the browser is known by. Raises `TurnedAway` for somebody with the right password who is suspended
    or has left, and `TooMany`. Every outcome is logged: in the user's FMO, or for an unknown name in the
    installation's own log; success by `arriving`, which knows whether a second factor is still asked for.
    """
    one = _look(email, password, origin, token)
    knock = None if one.known else limits.knock(FROM_ONE_ADDRESS, limits.place_of(origin.address))
    if knock is not None and knock.over:
        _refuse(one, FROM_THERE)
        raise TooMany
    # No connection is held and no row locked meanwhile: this takes as long as all the rest together, many times over.
    right = passwords.matches(one.stored, password)
    if one.user is None:
        _refuse(one, "unknown name")
        return None
    why = _judge(one, one.user, right)
    if why is None and knock is not None:
        limits.give_back(knock)
    if why in TOLD:
        raise TurnedAway(TOLD[why])
    return one.user if why is None else None


def _look(email: str, password: str, origin: Origin, token: str | None) -> _Try:
    with open_session(IDENTITY_SCOPE) as work:
        user = work.scalar(select(User).where(User.email == email.strip().lower()))
        credential = work.scalar(select(Credential).where(Credential.id == user.id)) if user else None
        known = user is not None and browsers.known(work, user.id, token) is not None
    return _Try(user, credential.password_hash if credential else None, known, password, token, origin)


def _judge(one: _Try, user: User, right: bool) -> str | None:
    """Why the user may not be in, or None; counts the try and logs it.

    The row of the credential puts tries at the same time in a line: a right password behind five wrong ones is late.
    """
    with open_session(scope_of(user, origin=one.origin, login=Login.IDENTITY)) as work:
        credential = work.scalar(select(Credential).where(Credential.id == user.id).with_for_update())
        held = work.scalars(select(User).where(User.id == user.id)).one()  # as they are now
        if credential is not None and credential.password_hash != one.stored:  # it was changed in this moment
            right = passwords.matches(credential.password_hash, one.password)
        browser = browsers.known(work, user.id, one.token, lock=True)
        why = _why_not(held, credential, right, browser is not None)
        if why in (None, "wrong password", *TOLD) and local_password_off(work, held):
            why = "single sign-on only"  # whatever was typed: it says nothing about the password
        if credential is not None:
            _count(work, credential, browser, why)
            if why is None and passwords.outgrown(credential.password_hash):
                credential.password_hash = passwords.hash_password(one.password)
        work.flush()
        if why is not None:
            _log_refusal(work, user, why)
    return why


def keeps_out(work: TenantSession, user: User) -> str | None:
    """Why somebody who proved in another way of ours to be `user` may not be in: whatever would stop their password.

    In `TOLD`: they may be told. The reason is logged in `work`, a transaction in which the user acts.
    """
    credential = work.scalar(select(Credential).where(Credential.id == user.id))
    held = work.scalars(select(User).where(User.id == user.id)).one()  # as they are now
    why = "single sign-on only" if local_password_off(work, held) else _why_not(held, credential, True, False)
    if why is not None:
        _log_refusal(work, user, why)
    return why


def _why_not(user: User, credential: Credential | None, right: bool, in_known_browser: bool) -> str | None:
    if user.state != "active":
        return user.state
    if credential is None:
        return "no password"
    if not in_known_browser and credential.locked_until and credential.locked_until > clock.now():
        return "locked"
    return withdrawn(user) if right else "wrong password"


def _count(work: TenantSession, credential: Credential, browser: KnownBrowser | None, why: str | None) -> None:
    if browser is not None:
        if why is None:
            browser.wrong_tries = 0
        elif why == "wrong password":
            browsers.count_wrong(work, browser)
    elif why is None:
        credential.failed_count, credential.locked_until, credential.locks = 0, None, 0
    elif why == "wrong password":
        credential.failed_count += 1
        if credential.failed_count >= LOCK_AFTER:
            credential.locked_until = clock.now() + min(LOCKED_FOR * 2**credential.locks, LONGEST_LOCK)
            credential.failed_count, credential.locks = 0, min(credential.locks + 1, 10)


def _refuse(one: _Try, why: str) -> None:
    """Log a try that was refused before any password was judged."""
    if one.user is None:
        with open_session(IDENTITY_SCOPE) as work:
            row = one.origin.as_row()
            write_installation_entry(work, "session.refused", outcome="refused", reason=why, request=row)
    else:
        with open_session(scope_of(one.user, origin=one.origin, login=Login.IDENTITY)) as work:
            _log_refusal(work, one.user, why)


def _log_refusal(work: TenantSession, user: User, why: str) -> None:
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
