"""The database session: one login per kind of work, tenant settings at every begin, every statement filtered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.orm import ORMExecuteState, SessionTransaction
from sqlalchemy.orm import Session as OrmSession

from portal.core import row_filter
from portal.core.scope import NoScope, Scope, ScopeChanged, current, current_or_none

# Read by the row-security policies. Local to the transaction: nothing survives into the pool.
_SETTINGS = text(
    "SELECT set_config('portal.fmo_id', :fmo, true), set_config('portal.business_id', :business, true),"
    " set_config('portal.reach', :reach, true), set_config('portal.own_npn', :npn, true),"
    " set_config('portal.actor_id', :actor, true), set_config('portal.role', :role, true)"
)


class TenantSession(FlaskSession):
    """A session that belongs to one scope for its whole life."""

    def scope(self) -> Scope:
        """The scope this session was opened for; fixed at first use."""
        held: Scope | None = self.info.get("scope")
        if held is None:
            held = self.info["scope"] = current()
        elif self.info.get("follows_request", True):
            now = current_or_none()
            if now is not None and now is not held:
                raise ScopeChanged("This session was opened for another scope.")
        return held

    def get_bind(
        self,
        mapper: Any | None = None,
        clause: Any | None = None,
        bind: Engine | Connection | None = None,
        **kwargs: Any,
    ) -> Engine | Connection:
        """The engine of the scope's login; raises `NoScope` where nobody is at work."""
        pinned: Engine | Connection | None = self.info.get("pinned_bind")
        if pinned is not None:
            return pinned
        engine: Engine = self._db.engines[self.scope().login.value]
        return engine


@event.listens_for(TenantSession, "after_begin")
def _tell_the_wall(session: OrmSession, transaction: SessionTransaction, connection: Connection) -> None:
    assert isinstance(session, TenantSession)
    scope = session.scope()
    if transaction.nested:
        return  # settings are the whole transaction's: a savepoint has them, and going back to one keeps them
    connection.execute(
        _SETTINGS,
        {
            "fmo": str(scope.fmo_id or ""),
            "business": str(scope.business_id or ""),
            "reach": "own" if scope.limited else "whole",
            "npn": scope.own_npn or "",
            "actor": str(scope.actor_id or ""),
            "role": scope.role.value,
        },
    )


@event.listens_for(TenantSession, "do_orm_execute")
def _filter_rows(state: ORMExecuteState) -> None:
    assert isinstance(state.session, TenantSession)
    row_filter.apply(state, state.session.scope())


@event.listens_for(TenantSession, "before_flush")
def _check_owner(session: OrmSession, context: Any, instances: Any) -> None:
    assert isinstance(session, TenantSession)
    row_filter.check_new(session.new, session.scope())


@contextmanager
def open_session(scope: Scope) -> Iterator[TenantSession]:
    """A session of its own for `scope`, beside the request's: commits at the end, rolls back on an error.

    For work that must not share the request's transaction: sign-in, refusals, a run's progress.
    """
    from portal.extensions import db

    session = TenantSession(db=db, autoflush=False, expire_on_commit=False)
    session.info["scope"] = scope
    session.info["follows_request"] = False
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.close()


__all__ = ["NoScope", "TenantSession", "open_session"]
