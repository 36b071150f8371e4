"""Running statements on the session's connection."""

from __future__ import annotations

from typing import Any

from psycopg import Connection as Driver
from sqlalchemy import CursorResult, text

from portal.extensions import db


def run(statement: str, **values: Any) -> CursorResult[Any]:
    """Execute one statement in the transaction at work; `:name` takes the value `name`."""
    return db.session.connection().execute(text(statement), values)


def driver() -> Driver[Any]:
    """The psycopg connection of the transaction at work, for COPY."""
    connection = db.session.connection().connection.driver_connection
    assert isinstance(connection, Driver)
    return connection
