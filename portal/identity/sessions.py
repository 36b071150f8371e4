"""Sessions in PostgreSQL: the cookie holds a random token, the row its hash. Signing in changes the token; signing out
deletes the row, so that an old cookie is worth nothing.

The server alone keeps the limits. Only what a person does counts as being there: see `seen`.

Between the factors a session is half-way: it names who proved the first one in `pending_user_id` and nobody in
`user_id`, so that every page but the challenge takes it for a stranger's.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Flask, Request, Response
from flask.sessions import SessionInterface, SessionMixin
from sqlalchemy import delete, func, or_, select, update
from werkzeug.datastructures import CallbackDict

from portal.core import clock
from portal.core.ids import new_id
from portal.core.scope import Login, Role, Scope
from portal.core.session import TenantSession, open_session
from portal.identity import limits
from portal.identity.models import Fmo, LoginSession, User
from portal.identity.standing import kept_out

STRANGER_FOR = timedelta(minutes=60)
HALF_WAY_FOR = timedelta(minutes=10)
SEEN_EVERY = timedelta(seconds=60)  # so much earlier than its FMO's rule says may an idle session end, never later
VOUCHED = "sso_session"  # in a session's data: FMO, row and user of the identity provider's session behind it
IDENTITY_SCOPE = Scope(login=Login.IDENTITY, role=Role.SYSTEM, actor_name="sign-in")


class StoredSession(CallbackDict[str, Any], SessionMixin):
    """A request's session. `row_id` and `user_id` are the server's; the browser knows the token only."""

    def __init__(self, data: dict[str, Any] | None = None, *, token: str | None = None) -> None:
        super().__init__(data or {}, _touched)
        self.token = token
        self.row_id: UUID | None = None
        self.coming_id: UUID | None = None  # of the row that a sign-in makes: the log names it before it is there
        self.user_id: UUID | None = None
        self.fmo_id: UUID | None = None
        self.user: User | None = None  # as the database has them at the start of this request
        self.pending_user_id: UUID | None = None
        self.pending_user: User | None = None  # likewise; read by the challenge's pages alone
        self.proved_at: datetime | None = None  # when the person last proved to be themself
        self.turned_away: str | None = None  # why the person of this session may no longer be in
        self.generation: int | None = None  # the user's at sign-in; None: as the database says when the row is made
        self.times: limits.Times | None = None  # None: nobody is signed in
        self.modified = False
        self.renew = False  # another row with another token, for another life
        self.rotate = False  # another token for the same row
        self.ended = False
        self.accessed = True

    def begin_for(
        self, user_id: UUID, fmo_id: UUID, *, generation: int | None = None, row_id: UUID | None = None
    ) -> None:
        """Sign in: a new token, and nothing of what the stranger's or half-way session held.

        `generation` is the user's at the moment at which they proved who they are: what changed since ends the session.
        `row_id`: under which the log knows it already.
        """
        self._clear_for(user_id, row_id)
        self.user_id, self.fmo_id, self.generation = user_id, fmo_id, generation
        self.pending_user_id, self.proved_at = None, clock.now()
        self.renew = self.modified = True

    def begin_half_way(
        self, user_id: UUID, fmo_id: UUID, *, generation: int, target: str = "", row_id: UUID | None = None
    ) -> None:
        """One factor is proved: a new token, nobody signed in, and `target` kept for afterwards."""
        self._clear_for(user_id, row_id)
        self.user_id, self.fmo_id, self.generation = None, fmo_id, generation
        self.pending_user_id, self.proved_at = user_id, None
        self["target"] = target
        self.renew = self.modified = True

    def _clear_for(self, user_id: UUID, row_id: UUID | None) -> None:
        """Nothing goes along but who vouched for this very person, which ends the session where they sign out there."""
        self.coming_id = row_id
        vouched = self.get(VOUCHED)
        self.clear()
        if vouched and vouched[2] == str(user_id):
            self[VOUCHED] = vouched

    def prove(self) -> None:
        """The person proved anew to be themself: the same session with a new token."""
        self.proved_at = clock.now()
        self.rotate = self.modified = True

    def forget(self) -> None:
        """Be a stranger's again, with a new token and nothing of what was held."""
        self.clear()
        self.user_id = self.fmo_id = self.pending_user_id = self.proved_at = self.coming_id = None
        self.renew = self.modified = True

    def end(self) -> None:
        """Sign out: the row goes, and with it every copy of the cookie."""
        self.clear()
        self.user_id = self.fmo_id = self.pending_user_id = self.proved_at = None
        self.ended = self.modified = True


def _touched(session: CallbackDict[str, Any]) -> None:
    session.modified = True  # type: ignore[attr-defined]  # CallbackDict hands over the StoredSession itself


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class PostgresSessions(SessionInterface):
    """Flask's sessions, kept in `login_session`."""

    def open_session(self, app: Flask, request: Request) -> StoredSession:
        """The session that the cookie names, or an empty one."""
        token = request.cookies.get(self.get_cookie_name(app))
        if not token or request.path.startswith(app.static_url_path or "/static/"):
            return StoredSession()
        with open_session(IDENTITY_SCOPE) as work:
            now = clock.now()
            found_row = work.execute(
                select(LoginSession, User, Fmo.rules)
                .outerjoin(User, (User.fmo_id == LoginSession.fmo_id) & (User.id == _WHOSE))
                .outerjoin(Fmo, Fmo.id == LoginSession.fmo_id)
                .where(LoginSession.token_hash == _hash(token), LoginSession.expires_at > now)
            ).one_or_none()
            if found_row is None:
                return StoredSession()
            row, user, stored_rules = found_row
            found = StoredSession(row.data, token=token)
            found.row_id, found.user_id, found.fmo_id = row.id, row.user_id, row.fmo_id
            found.pending_user_id, found.proved_at = row.pending_user_id, row.proved_at
            found.generation = row.generation
            found.user = user if row.user_id else None
            found.pending_user = user if row.pending_user_id else None
            if row.user_id is not None or row.pending_user_id is not None:
                over, why = _over(row, user, stored_rules or {}, now)
                if over:
                    work.delete(row)  # whoever may sign in again later does so with a new session
                    ended = StoredSession()
                    ended.turned_away = why
                    return ended
            if found.user is not None:
                found.times = limits.times(row, found.user.role, stored_rules or {})
            return found

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Keep what changed; a new token at sign-in, no row after sign-out."""
        assert isinstance(session, StoredSession)
        if not session.modified:
            return
        name = self.get_cookie_name(app)
        with open_session(IDENTITY_SCOPE) as work:
            if (session.renew or session.ended) and session.row_id is not None:
                work.execute(delete(LoginSession).where(LoginSession.id == session.row_id))
                session.row_id = None
            if session.ended:
                secure = self.get_cookie_secure(app)
                response.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="Lax")
                return
            if session.row_id is not None:
                _keep(work, session)
                if not session.rotate:
                    return
            else:
                session.token = secrets.token_urlsafe(32)
                session.row_id = session.coming_id or new_id()
                work.add(_row(session, _user_of(session, work)))
        assert session.token is not None
        response.set_cookie(
            name, session.token, path="/", httponly=True, samesite="Lax", secure=self.get_cookie_secure(app)
        )


_WHOSE = func.coalesce(LoginSession.user_id, LoginSession.pending_user_id)


def _keep(work: TenantSession, session: StoredSession) -> None:
    """Write what changed into the row; the times at which it ends are not moved by a new token."""
    values: dict[str, Any] = {"data": dict(session)}
    if session.rotate:
        session.token = secrets.token_urlsafe(32)
        values |= {"token_hash": _hash(session.token), "proved_at": session.proved_at}
    work.execute(update(LoginSession).where(LoginSession.id == session.row_id).values(**values))


def _over(row: LoginSession, user: User | None, rules: dict[str, Any], now: datetime) -> tuple[bool, str | None]:
    """Whether a signed-in or half-way session is over, and why the person is kept out, if it is that."""
    if user is None or (why := kept_out(user)):
        return True, why if user is not None else None
    if row.generation != user.session_generation:
        return True, None
    return row.user_id is not None and limits.times(row, user.role, rules).ends_at <= now, None


def _user_of(session: StoredSession, work: TenantSession) -> tuple[int, dict[str, Any]]:
    """The generation with which a signed-in or half-way session begins, and the rules of its FMO."""
    if session.user_id is None:
        return (session.generation or 0) if session.pending_user_id else 0, {}
    query = select(User.session_generation, Fmo.rules).join(Fmo, Fmo.id == User.fmo_id)
    generation, rules = work.execute(query.where(User.id == session.user_id)).one()
    return (generation if session.generation is None else session.generation), rules


def _row(session: StoredSession, user: tuple[int, dict[str, Any]]) -> LoginSession:
    from flask import request

    assert session.token is not None and session.row_id is not None
    now = clock.now()
    generation, rules = user
    between = HALF_WAY_FOR if session.pending_user_id else STRANGER_FOR
    life = limits.signed_in_for(rules) if session.user_id else between
    return LoginSession(
        id=session.row_id,
        token_hash=_hash(session.token),
        user_id=session.user_id,
        pending_user_id=session.pending_user_id,
        proved_at=session.proved_at,
        fmo_id=session.fmo_id,
        generation=generation,
        data=dict(session),
        created_at=now,
        last_seen_at=now,
        expires_at=now + life,
        address=request.remote_addr,
        user_agent=(request.user_agent.string or "")[:300],
    )


def seen(session: StoredSession, *, at_once: bool = False) -> None:
    """Take down that a person is there, at most once a minute, or `at_once` where they said so themself.

    For requests that a person made: a page that asks again by itself keeps nobody signed in.
    """
    now = clock.now()
    if session.times is None or (not at_once and session.times.seen_at + SEEN_EVERY > now):
        return
    with open_session(IDENTITY_SCOPE) as work:
        mine = update(LoginSession).where(LoginSession.id == session.row_id, LoginSession.last_seen_at < now)
        work.execute(mine.values(last_seen_at=now))
    session.times = replace(session.times, seen_at=now)


def end_all_of(user_id: UUID, but: UUID | None = None, *, work: TenantSession | None = None) -> int:
    """Sign a user out everywhere, from the next request on, except in the session `but`; how many these were.

    Half-way sessions are among them.

    With `work` (a session of the login `identity`) it is part of that transaction, and a sign-in that is under way with
    what held before does not outlive it. Without, call it after the change is committed.
    """
    if work is not None:
        return _end_all_of(user_id, but, work)
    with open_session(IDENTITY_SCOPE) as own:
        return _end_all_of(user_id, but, own, count_on=False)


def _end_all_of(user_id: UUID, but: UUID | None, work: TenantSession, *, count_on: bool = True) -> int:
    if count_on:
        later = update(User).where(User.id == user_id).values(session_generation=User.session_generation + 1)
        now = work.scalars(later.returning(User.session_generation).execution_options(synchronize_session=False)).one()
        work.execute(update(LoginSession).where(LoginSession.id == but).values(generation=now))
    theirs = or_(LoginSession.user_id == user_id, LoginSession.pending_user_id == user_id)
    ended = delete(LoginSession).where(theirs, LoginSession.id.is_distinct_from(but))
    return len(work.execute(ended.returning(LoginSession.id)).all())


def generation_of(row_id: UUID | None) -> int:
    """The generation of the session that goes on while all others of its person end; -1 where it ended with them."""
    with open_session(IDENTITY_SCOPE) as work:
        found = work.scalar(select(LoginSession.generation).where(LoginSession.id == row_id))
    return -1 if found is None else found


def end_half_way_of(user_id: UUID) -> int:
    """End every session in which the user has proved one factor only; how many that were."""
    with open_session(IDENTITY_SCOPE) as work:
        ended = delete(LoginSession).where(LoginSession.pending_user_id == user_id).returning(LoginSession.id)
        return len(work.execute(ended).all())


def purge() -> int:
    """Delete sessions past their time, or idle for longer than any FMO may allow; returns how many."""
    now = clock.now()
    idle = LoginSession.user_id.is_not(None) & (
        LoginSession.last_seen_at < now - timedelta(minutes=limits.LONGEST_IDLE)
    )
    with open_session(IDENTITY_SCOPE) as work:
        past = delete(LoginSession).where((LoginSession.expires_at < now) | idle).returning(LoginSession.id)
        return len(work.execute(past).all())
