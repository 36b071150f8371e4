"""The refusal to begin: asked by the web, every worker, the relay and every command before they do anything."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import Connection, NullPool, create_engine
from sqlalchemy.exc import OperationalError

from portal.config import SettingsError, load_settings
from portal.core import start
from portal.core.scope import Login
from portal.runtime.errors import StartError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portal.config import Settings

log = logging.getLogger("portal.start")
SECONDS = 5
# Said by the server about a login that it does not know, or whose password is another.
_CANNOT_SIGN_IN = ("password authentication failed", "does not exist", "is not permitted to log in")


class AwayError(Exception):
    """The database does not answer, so that nothing can be said yet."""


class Refused(StartError):
    """The portal may not work as things are; the text says every reason and what to do."""


def require(settings: Settings) -> None:
    """Return where the portal may work; raises `Refused` with every reason, `AwayError` where nobody can be asked."""

    @contextmanager
    def connect(login: Login) -> Iterator[Connection]:
        url, options = settings.database_url_for(login.value), {"connect_timeout": SECONDS}
        engine = create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args=options)
        with engine.connect() as connection:
            yield connection

    try:
        found = start.admit(connect, settings)
    except OperationalError as error:
        if any(words in str(error.orig) for words in _CANNOT_SIGN_IN):
            found = ["The portal's own logins cannot sign in to the database. Run: python3 -m portal upgrade"]
        else:
            raise AwayError(type(error.orig).__name__) from error
    if found:
        raise Refused("The portal does not start.\n" + "\n".join(f"  {sentence}" for sentence in found))


def or_exit() -> None:
    """For a process that is about to work: return when it may, wait while the database is away, else end with why."""
    while True:
        try:
            return require(load_settings())
        except AwayError:
            log.warning("The database is away; waiting for it.")
            time.sleep(1)
        except (Refused, SettingsError) as error:
            raise SystemExit(str(error)) from None
