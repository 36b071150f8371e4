"""What must be right before anything is served or carried out: the wall between tenants, the tables, the field keys."""

from __future__ import annotations

from contextlib import AbstractContextManager

from flask import Flask, Response, request
from sqlalchemy import Connection

from portal.config import Settings
from portal.core import key_use, wall
from portal.core.scope import Login
from portal.extensions import db

# What tells from outside how the portal is does so also where it may not work.
OPEN = {"static", "health.healthz", "health.readyz", "health.prometheus"}


def faults(connect: wall.Connect, settings: Settings) -> list[str]:
    """All that is wrong, each a sentence with what to do; raises what the driver says where nobody answers."""
    found = wall.faults(connect, name_of=settings.login_name)
    if found:
        return found
    with connect(Login.IDENTITY) as connection:
        return key_use.faults(connection)


def admit(connect: wall.Connect, settings: Settings) -> list[str]:
    """As `faults`; where nothing is wrong, the field keys are noted as in use."""
    found = faults(connect, settings)
    if not found:
        with connect(Login.IDENTITY) as connection:
            key_use.register(connection)
            connection.commit()
    return found


def pooled(login: Login) -> AbstractContextManager[Connection]:
    """A connection of the application's own pool."""
    return db.engines[login.value].connect()


def init(app: Flask) -> None:
    """Serve nobody until everything was found right once; where the database is away, that is found out later."""
    admitted = False

    def begin() -> Response | None:
        nonlocal admitted
        if admitted or request.endpoint in OPEN:
            return None
        found = admit(pooled, app.config["PORTAL"])
        for sentence in found:
            app.logger.error("The portal does not work. %s", sentence)
        if found:
            page: Response = app.extensions["error_page"](503)
            return page
        admitted = True
        return None

    app.before_request(begin)
