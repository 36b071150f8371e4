"""The application under test, and browsers that ask it for pages."""

from __future__ import annotations

import hashlib
import io
import re
import secrets
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import select
from werkzeug.test import TestResponse

from portal.config import Settings
from portal.core import clock
from portal.core.session import open_session
from portal.identity.models import LoginSession, User
from portal.identity.sessions import IDENTITY_SCOPE
from tests.support.sentinels import WATCH

HTMX = {"HX-Request": "true"}
_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"|name="csrf-token"[^>]*content="([^"]+)"')


@cache
def the_app() -> Flask:
    """The application of this process, made once; making it needs no server."""
    from portal.factory import create_app

    app = create_app()
    app.config.update(SHOW_ERRORS=True, PROPAGATE_EXCEPTIONS=True)
    app.test_client_class = Browser
    return app


@contextmanager
def another_app(settings: Settings | None = None) -> Iterator[Flask]:
    """One more application, with other settings or the same; its connections are closed at the end."""
    from portal.extensions import db
    from portal.factory import create_app

    app = create_app(settings)
    app.test_client_class = Browser
    try:
        yield app
    finally:
        with app.app_context():
            for engine in db.engines.values():
                engine.dispose()


class Browser(FlaskClient):
    """A client that sends the real CSRF token with every form, as a page of ours would (`csrf=False`: without).

    `htmx=True` asks as htmx does.
    """

    csrf_token: str | None = None

    def open(self, *args: Any, csrf: bool = True, htmx: bool = False, **kwargs: Any) -> TestResponse:
        """Send one request."""
        sent = dict(kwargs.pop("headers", None) or {})
        if htmx:
            sent |= HTMX
        if csrf and kwargs.get("method", "GET") in ("POST", "PUT", "PATCH", "DELETE"):
            sent["X-CSRFToken"] = self.csrf_token or self._token_of_a_stranger()
        answer = super().open(*args, headers=sent, **kwargs)
        body = answer.get_data() if answer.status_code >= 400 else b""
        WATCH.answer(answer.status_code, answer.headers.get("Location"), body)
        return answer

    def _token_of_a_stranger(self) -> str:
        found = _TOKEN.search(self.get("/login").text)
        assert found, "the sign-in page carries no CSRF token"
        self.csrf_token = found[1] or found[2]
        return self.csrf_token


def browser(app: Flask, user: User | None, *, half_way: bool = False) -> Browser:
    """A browser that is signed in as `user`, in full and a moment ago, or a stranger's (None).

    `half_way`: one factor is proved and the second is not.
    """
    client = app.test_client()
    assert isinstance(client, Browser)
    if user is None:
        return client
    token, raw = secrets.token_urlsafe(32), secrets.token_hex(20)
    with app.app_context(), open_session(IDENTITY_SCOPE) as work:
        generation = work.scalars(select(User.session_generation).where(User.id == user.id)).one()
    row = LoginSession(
        token_hash=hashlib.sha256(token.encode()).hexdigest(),
        user_id=None if half_way else user.id,
        pending_user_id=user.id if half_way else None,
        fmo_id=user.fmo_id,
        generation=generation,
        proved_at=None if half_way else clock.now(),
        data={"csrf_token": raw},
        expires_at=clock.now() + timedelta(hours=12),
    )
    with app.app_context(), open_session(IDENTITY_SCOPE) as work:
        work.add(row)
    client.set_cookie(app.config["SESSION_COOKIE_NAME"], token)
    # What Flask-WTF would print on a page of this session.
    client.csrf_token = URLSafeTimedSerializer(app.secret_key or "", salt="wtf-csrf-token").dumps(raw)
    return client


def body_of(answer: TestResponse) -> str:
    """All that an answer says: its text, of a workbook what stands in its cells, of a ZIP what stands in its files."""
    kind = answer.content_type or ""
    if "spreadsheetml" not in kind and kind != "application/zip":
        return answer.get_data(as_text=True)
    with zipfile.ZipFile(io.BytesIO(answer.get_data())) as packed:
        names = [name for name in packed.namelist() if kind == "application/zip" or name.endswith(".xml")]
        return "\n".join(packed.read(name).decode() for name in names)
