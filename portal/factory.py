"""create_app: a list of calls."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix
from whitenoise import WhiteNoise

from portal import frame
from portal.compliance.operations import write_refusal
from portal.config import Settings, load_settings
from portal.core import start, transaction, web
from portal.core.permissions import public
from portal.core.scope import Login
from portal.extensions import csrf, db, htmx, limiter, login_manager, migrate, without_waiting
from portal.identity.requests import abandon_session, identify, send_to_login
from portal.identity.sessions import PostgresSessions

ROOT = Path(__file__).resolve().parent.parent
ROOMS = (
    "identity",
    "activities",
    "downline",
    "businesses",
    "book",
    "crm",
    "sync",
    "provisioning",
    "compliance",
    "home",
    "demo",
)
POOL = {"pool_size": 8, "max_overflow": 8}  # connections of each login, in each process
_THIS_MACHINE = ("localhost", "127.0.0.1", "[::1]")  # how whoever stands beside the server looks after it


def create_app(settings: Settings | None = None) -> Flask:
    """The application, ready to serve; raises `SettingsError` where the environment cannot be used."""
    _refuse_debugging()
    settings = settings or load_settings()
    app = Flask("portal", root_path=str(ROOT), static_folder="static", template_folder="templates")
    _configure(app, settings)
    _extensions(app)
    web.init(app)  # before the transaction, so that its headers are put on whatever answer that ends with
    start.init(app)
    transaction.init(app, identify=identify, write_refusal=write_refusal)
    csrf.init_app(app)  # after it: a form that comes when its session has ended is told so
    web.init_forms(app)
    _static_files(app)
    if settings.proxies:
        trusted = settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=trusted, x_proto=trusted, x_host=0)  # type: ignore[method-assign]
    frame.init(app)
    _rooms(app)
    return app


def _configure(app: Flask, settings: Settings) -> None:
    engine_options = {"pool_pre_ping": True, "hide_parameters": True, **POOL}
    secure = settings.public_url.startswith("https:")
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_BINDS={
            login.value: {"url": settings.database_url_for(login.value), **engine_options} for login in Login
        },
        REDIS_URL=settings.redis_url,
        RATELIMIT_STORAGE_URI=_limiter_storage(settings.redis_url),
        RATELIMIT_STORAGE_OPTIONS=without_waiting(),
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=True,  # without Redis each process counts for itself: stricter, not open
        RATELIMIT_HEADERS_ENABLED=False,
        # Of this prefix browsers keep only what came by https, from this host, for all of its paths.
        SESSION_COOKIE_NAME="__Host-portal_session" if secure else "portal_session",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SECURE=secure,
        TRUSTED_HOSTS=[*dict.fromkeys((urlsplit(settings.public_url).hostname or "localhost", *_THIS_MACHINE))],
        WTF_CSRF_TIME_LIMIT=None,  # a token lives as long as its session
        WTF_CSRF_SSL_STRICT=False,  # it asks for the Referer that our Referrer-Policy keeps browsers from sending
        MAX_CONTENT_LENGTH=web.MOST_BYTES,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        MAX_FORM_PARTS=2000,
        PORTAL=settings,
    )


def _limiter_storage(redis_url: str) -> str:
    return redis_url.replace("unix://", "redis+unix://", 1) if redis_url.startswith("unix://") else redis_url


def _extensions(app: Flask) -> None:
    app.session_interface = PostgresSessions()
    db.init_app(app)
    htmx.init_app(app)
    limiter.init_app(app)
    login_manager.init_app(app)
    migrate.init_app(app, db, directory=str(ROOT / "migrations"))
    app.extensions["send_to_login"] = send_to_login
    app.extensions["abandon_session"] = abandon_session


def _static_files(app: Flask) -> None:
    public("style, script and pictures; nothing of anybody's")(app.view_functions["static"])

    @cache
    def version(filename: str) -> str:
        path = ROOT / "static" / filename
        return hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.is_file() else "0"

    def stamp(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static" and "filename" in values:
            values["v"] = version(values["filename"])

    app.url_defaults(stamp)

    def carry(headers: Any, path: str, url: str) -> None:
        for name, value in (web.HEADERS | (web.HSTS if app.config["SESSION_COOKIE_SECURE"] else {})).items():
            headers[name] = value

    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]  # the documented way to wrap a Flask application
        app.wsgi_app,
        root=str(ROOT / "static"),
        prefix="static/",
        allow_all_origins=False,
        immutable_file_test=lambda path, url: True,  # every address carries the content's hash
        add_headers_function=carry,
    )


def _rooms(app: Flask) -> None:
    for room in ROOMS:
        for shelf in ("views", "commands"):
            if not _exists(room, shelf):
                continue
            module = import_module(f"portal.{room}.{shelf}")
            for blueprint in getattr(module, "blueprints", [getattr(module, "bp", None)]):
                if blueprint is not None:
                    app.register_blueprint(blueprint)
            for group in getattr(module, "groups", [getattr(module, "group", None)]):
                if group is not None:
                    app.cli.add_command(group)
        package = import_module(f"portal.{room}")
        if hasattr(package, "init"):
            package.init(app)


def _exists(room: str, shelf: str) -> bool:
    folder = ROOT / "portal" / room
    return (folder / f"{shelf}.py").is_file() or (folder / shelf / "__init__.py").is_file()


def _refuse_debugging() -> None:
    """The debugger would show variables with people's data to whoever sees the page."""
    if os.environ.get("FLASK_DEBUG") not in (None, "", "0"):
        raise SystemExit("FLASK_DEBUG is set. The portal never runs with the debugger: unset it and start again.")


_refuse_debugging()
