"""Sessions in PostgreSQL: the cookie holds a random token, the row its hash. Signing in changes the token; signing out
deletes the row, so that an old cookie is worth nothing."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Flask, Request, Response
from flask.sessions import SessionInterface, SessionMixin
from sqlalchemy import delete, select, update
from werkzeug.datastructures import CallbackDict

from portal.core import clock
from portal.core.ids import new_id
from portal.core.scope import Login, Role, Scope
from portal.core.session import open_session
from portal.identity.models import LoginSession, User
from portal.identity.standing import kept_out

SIGNED_IN_FOR = timedelta(hours=12)
IDLE_FOR = timedelta(minutes=60)
STRANGER_FOR = timedelta(minutes=60)
SEEN_EVERY = timedelta(seconds=60)
IDENTITY_SCOPE = Scope(login=Login.IDENTITY, role=Role.SYSTEM, actor_name="sign-in")


class StoredSession(CallbackDict[str, Any], SessionMixin):
    """A request's session. `row_id` and `user_id` are the server's; the browser knows the token only."""

    def __init__(self, data: dict[str, Any] | None = None, *, token: str | None = None) -> None:
        super().__init__(data or {}, _touched)
        self.token = token
        self.row_id: UUID | None = None
        self.user_id: UUID | None = None
        self.fmo_id: UUID | None = None
        self.user: User | None = None  # as the database has them at the start of this request
        self.turned_away: str | None = None  # why the person of this session may no longer be in
        self.modified = False
        self.renew = False
        self.ended = False
        self.accessed = True

    def begin_for(self, user_id: UUID, fmo_id: UUID) -> None:
        """Sign in: a new token, and nothing of what the stranger's session held."""
        self.clear()
        self.user_id, self.fmo_id = user_id, fmo_id
        self.renew = self.modified = True

    def end(self) -> None:
        """Sign out: the row goes, and with it every copy of the cookie."""
        self.clear()
        self.user_id = self.fmo_id = None
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
                select(LoginSession, User)
                .outerjoin(User, (User.fmo_id == LoginSession.fmo_id) & (User.id == LoginSession.user_id))
                .where(LoginSession.token_hash == _hash(token), LoginSession.expires_at > now)
            ).one_or_none()
            if found_row is None:
                return StoredSession()
            row, user = found_row
            why = kept_out(user) if user else None
            if row.user_id and (row.last_seen_at + IDLE_FOR < now or user is None or why):
                work.delete(row)  # whoever may sign in again later does so with a new session
                over = StoredSession()
                over.turned_away = why
                return over
            if row.last_seen_at + SEEN_EVERY < now and "HX-Request" not in request.headers:
                row.last_seen_at = now  # a page that polls by itself keeps nobody signed in
            found = StoredSession(row.data, token=token)
            found.row_id, found.user_id, found.fmo_id = row.id, row.user_id, row.fmo_id
            found.user = user
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
                work.execute(update(LoginSession).where(LoginSession.id == session.row_id).values(data=dict(session)))
                return
            session.token = secrets.token_urlsafe(32)
            session.row_id = new_id()
            life = SIGNED_IN_FOR if session.user_id else STRANGER_FOR
            work.add(_row(session, life))
        response.set_cookie(
            name, session.token, path="/", httponly=True, samesite="Lax", secure=self.get_cookie_secure(app)
        )


def _row(session: StoredSession, life: timedelta) -> LoginSession:
    from flask import request

    assert session.token is not None and session.row_id is not None
    return LoginSession(
        id=session.row_id,
        token_hash=_hash(session.token),
        user_id=session.user_id,
        fmo_id=session.fmo_id,
        data=dict(session),
        expires_at=clock.now() + life,
        address=request.remote_addr,
        user_agent=(request.user_agent.string or "")[:300],
    )


def end_all_of(user_id: UUID) -> int:
    """Sign a user out everywhere, from the next request on; how many sessions that were."""
    with open_session(IDENTITY_SCOPE) as work:
        ended = delete(LoginSession).where(LoginSession.user_id == user_id).returning(LoginSession.id)
        return len(work.execute(ended).all())


def purge() -> int:
    """Delete sessions past their time; returns how many."""
    with open_session(IDENTITY_SCOPE) as work:
        past = delete(LoginSession).where(LoginSession.expires_at < clock.now()).returning(LoginSession.id)
        return len(work.execute(past).all())
