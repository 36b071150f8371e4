"""What commands at the shell stand on: servers for as long, the operator as who asks, one transaction, and waiting."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select

from portal.core import access
from portal.core.scope import Login, Role, Scope, acting
from portal.core.session import open_session
from portal.extensions import db

POLL_SECONDS = 0.2
Run = TypeVar("Run")


def servers(*, anyhow: bool = False) -> AbstractContextManager[Any]:
    """The servers for the length of a command; looked up late, since the runtime stands above every room.

    `anyhow`: also where the portal may not work as things are; for what looks for faults and changes nothing.
    """
    made: AbstractContextManager[Any] = import_module("portal.runtime.commands").with_servers(anyhow=anyhow)
    return made


def workers() -> AbstractContextManager[Any]:
    """Servers, a relay and a worker for the length of a command."""
    made: AbstractContextManager[Any] = import_module("portal.runtime.commands").with_workers()
    return made


def operator(fmo_id: UUID) -> Scope:
    """The scope of a command that works for one FMO."""
    return Scope(login=Login.JOBS, role=Role.SYSTEM, fmo_id=fmo_id, actor_name="Operator")


@contextmanager
def one_transaction(scope: Scope) -> Iterator[None]:
    """Work as `scope`: what the block changes is committed with its log entries, or nothing of it."""
    with acting(scope):
        try:
            yield
            access.write_entries()
            db.session.commit()
        finally:
            db.session.rollback()
            db.session.remove()


def wait_for(model: type[Run], run_id: UUID, is_over: Callable[[Run], bool], scope: Scope) -> Run:
    """The run of `model` with that id, once it is over."""
    owned: Any = model
    while True:
        with open_session(scope) as session:
            found = session.scalars(select(model).where(owned.id == run_id)).one()
        if is_over(found):
            return found
        time.sleep(POLL_SECONDS)
