"""Bare objects, bound to the application by the factory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from htmx_flask import Htmx

from portal.core.models import Base
from portal.core.session import TenantSession

if TYPE_CHECKING:
    from redis import Redis

db = SQLAlchemy(
    metadata=Base.metadata,
    session_options={"class_": TenantSession, "autoflush": False, "expire_on_commit": False},
    disable_autonaming=True,
)
login_manager = LoginManager()
csrf = CSRFProtect()
htmx = Htmx()
limiter = Limiter(key_func=get_remote_address)
migrate = Migrate()


def redis_client(*, blocking: bool = False) -> Redis:
    """A client for the queue's server: short timeouts and no retry for the web, none for what waits by design."""
    from flask import current_app
    from redis import Redis

    url = current_app.config["REDIS_URL"]
    if blocking:
        return Redis.from_url(url, socket_timeout=None)
    return Redis.from_url(url, **without_waiting())


def without_waiting() -> dict[str, Any]:
    """How the web talks to the queue's server: nobody's page or sign-in waits for one that is frozen."""
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return {"socket_timeout": 1, "socket_connect_timeout": 1, "retry": Retry(NoBackoff(), 0)}
