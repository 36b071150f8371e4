"""Statements over rows that the person at work may not see: they count them, or take copies away, and show none.

Row security hides every row of a member from those of the FMO's staff who get counts. What counts for them says so,
for as long as it runs; loading a record meanwhile is refused. Which modules may do so is a list in the tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal

from sqlalchemy import Select, event, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session as OrmSession

from portal.core import scope
from portal.core.scope import Login, Role
from portal.core.session import TenantSession
from portal.extensions import db

SEE_MEMBERS = (Role.FMO_ADMIN, Role.FMO_STEWARD)


class ShownUnseen(RuntimeError):
    """A record was loaded where only numbers may come out."""


@contextmanager
def unseen(task: Literal["count", "release"]) -> Iterator[None]:
    """Let the statements inside reach rows of members whoever is at work; what they give must be numbers or ids.

    Nothing changes for whoever sees these rows anyway.
    """
    at_work, session = scope.current(), db.session()
    if at_work.login is not Login.FMO or at_work.role in SEE_MEMBERS or "unseen" in session.info:
        yield
        return
    session.flush()
    session.execute(_now(task))
    session.info["unseen"] = task
    try:
        yield
        session.flush()
    finally:
        del session.info["unseen"]
        with suppress(SQLAlchemyError):  # after an error of the database: what follows is its rolling back
            session.execute(_now(""))


def _now(task: str) -> Select[str]:
    return select(func.set_config("portal.task", task, True))  # until the transaction ends, if nothing ends it before


@event.listens_for(TenantSession, "loaded_as_persistent")
def _refuse_records(session: OrmSession, row: object) -> None:
    if "unseen" in session.info and getattr(type(row), "__sensitive__", None) is not None:
        raise ShownUnseen(f"A {type(row).__name__} was loaded where only numbers may come out.")
