"""The whole product with a small demo, its database seen from behind every wall, and clicks as a browser sends them."""

from __future__ import annotations

import hashlib
import http.client
import json
import secrets
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil  # type: ignore[import-untyped]  # ships no types
import redis
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import Engine, create_engine, text

from portal.config import Settings, load_settings
from tests.journeys import live

COOKIE = "portal_session"


@dataclass(frozen=True, slots=True)
class Product:
    """A running product."""

    portal: live.Portal
    settings: Settings
    engine: Engine

    @property
    def queue(self) -> redis.Redis:
        """A client of its Valkey, with short patience."""
        return redis.Redis.from_url(self.settings.redis_url, socket_timeout=2, socket_connect_timeout=2)

    def server(self, name: str) -> psutil.Process:
        """The process of an embedded server."""
        folder = str(self.settings.data / {"postgres": "postgres", "valkey-server": "valkey"}[name])
        for process in psutil.process_iter():
            try:
                if process.name() == name and process.cwd() == folder and process.parent().name() != name:
                    return process
            except psutil.Error:
                continue
        raise AssertionError(f"no {name} works in {folder}")


@contextmanager
def running(data: Path) -> Iterator[Product]:
    """Have the product for the length of the block."""
    with live.running(data) as portal:
        settings = load_settings({"PORTAL_DATA": str(data), "PORTAL_DEMO": "1"})
        engine = create_engine(settings.setup_url, pool_pre_ping=True)
        try:
            yield Product(portal, settings, engine)
        finally:
            engine.dispose()


class Visitor:
    """A person who is signed in, by a session of their own."""

    def __init__(self, product: Product, email: str) -> None:
        self._address = urllib.parse.urlsplit(product.portal.url).netloc
        token, raw = secrets.token_urlsafe(32), secrets.token_hex(20)
        digest, data = hashlib.sha256(token.encode()).hexdigest(), json.dumps({"csrf_token": raw})
        with product.engine.begin() as connection:
            connection.execute(
                text(
                    "INSERT INTO login_session (id, token_hash, user_id, fmo_id, data, expires_at)"
                    " SELECT uuidv7(), :hash, id, fmo_id, CAST(:data AS jsonb), now() + interval '1 hour'"
                    " FROM portal_user WHERE email = :email"
                ),
                {"hash": digest, "data": data, "email": email},
            )
        signed = URLSafeTimedSerializer(product.settings.secret_key, salt="wtf-csrf-token").dumps(raw)
        self._headers = {"Cookie": f"{COOKIE}={token}", "X-CSRFToken": str(signed)}

    def get(self, path: str) -> str:
        """A page's text."""
        return self._ask("GET", path)[1]

    def resync(self, business_id: UUID) -> tuple[float, str]:
        """Complete a re-sync; gives the seconds until the answer, and the page that it led to."""
        body = urllib.parse.urlencode({"policy_sync_enabled": "y", "resync_policies": "y"})
        began = time.monotonic()
        where, _ = self._ask("POST", f"/fmo/policy-sync/business/{business_id}", body)
        took = time.monotonic() - began
        return took, self.get(where)

    def _ask(self, method: str, path: str, body: str | None = None) -> tuple[str, str]:
        connection = http.client.HTTPConnection(self._address, timeout=60)
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        connection.request(method, path, body, {**self._headers, **kind})
        answer = connection.getresponse()
        page = answer.read().decode()
        connection.close()
        assert answer.status in (200, 303), f"{path} answered {answer.status}"
        return answer.headers.get("Location", ""), page


def latest_run(engine: Engine, business_id: UUID) -> Any:
    """The Business's newest run."""
    query = "SELECT * FROM sync_run WHERE business_id = :business ORDER BY requested_at DESC, id DESC LIMIT 1"
    with engine.connect() as connection:
        return connection.execute(text(query), {"business": business_id}).one()
