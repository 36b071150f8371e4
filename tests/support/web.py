"""The application under test, and browsers that ask it for pages."""

from __future__ import annotations

from functools import cache

from flask import Flask
from flask.testing import FlaskClient

from portal.identity.models import User


@cache
def test_app() -> Flask:
    """The application of this process, made once; making it needs no server."""
    app = _made()
    app.config["SHOW_ERRORS"] = True
    return app


def _made() -> Flask:
    try:
        from portal.factory import create_app
    except ModuleNotFoundError:
        from portal import compliance
        from portal.config import LOGINS, load_settings
        from portal.extensions import db

        app = Flask("portal")
        settings = load_settings()
        app.config["SQLALCHEMY_BINDS"] = {login: settings.database_url_for(login) for login in LOGINS}
        db.init_app(app)
        import portal.compliance.operations

        return app
    return create_app()


def browser(app: Flask, user: User | None) -> FlaskClient:
    """A browser, signed in as `user` or a stranger's."""
    return app.test_client()
