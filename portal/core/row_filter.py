"""The ORM's half of tenancy: every select, update and delete is narrowed to the scope; every new row is checked.

This is convenience that finds a forgotten condition early. The wall is row security in the database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, false
from sqlalchemy.orm import ORMExecuteState, with_loader_criteria

from portal.core.models import BusinessOwned, FmoOwned
from portal.core.scope import Login, Scope, ScopeChanged

Narrowing = Callable[[type[Any], Scope], ColumnElement[bool]]

IN_ONE_ACCOUNT = (Login.AGENT, Login.EMERGENCY)
_narrowed: list[tuple[type[Any], Narrowing, dict[str, Narrowing]]] = []
_on: ContextVar[bool] = ContextVar("row_filter_on", default=True)


def narrow(model: type[Any], condition: Narrowing, **instead: Narrowing) -> None:
    """Register a further condition for agents' requests on `model` (own NPN only, not released …).

    A statement with the execution option `narrowed_as="name"` gets the condition `name` of `instead` where there is
    one: for the few pages about what all the others leave out.
    """
    _narrowed.append((model, condition, instead))
    _criteria.cache_clear()


def apply(state: ORMExecuteState, scope: Scope) -> None:
    """Add the scope's conditions to an ORM statement, aliases and relationship loads included."""
    if not _on.get() or not (state.is_select or state.is_update or state.is_delete):
        return
    if scope.login is Login.IDENTITY:
        return  # sign-in happens before a tenant is known; that login can read no tenant's data
    kind = state.execution_options.get("narrowed_as", "")
    kept = state.session.info.setdefault("row_filter", {})
    held = kept.get(kind)
    if held is None:
        held = kept[kind] = _criteria(_reach(scope), kind)
    state.statement = state.statement.options(*held)


def _reach(scope: Scope) -> Scope:
    """The scope without what differs from one request of the same person to the next."""
    whoever = replace(scope, actor_name="", address=None, user_agent=None, emergency_id=None, reason=None)
    return replace(whoever, session_id=None, request_id=None, run_id=None, proved_at=None)


@lru_cache(maxsize=2048)
def _criteria(scope: Scope, kind: str) -> list[Any]:
    # Kept by all that decides them, because making them anew costs more than most statements.
    fmo_id, business_id = scope.fmo_id, scope.business_id
    options = [_owned(FmoOwned, "fmo_id", fmo_id), _owned(BusinessOwned, "fmo_id", fmo_id)]
    if business_id is not None or scope.login in IN_ONE_ACCOUNT:
        options.append(_owned(BusinessOwned, "business_id", business_id))
    if scope.login in IN_ONE_ACCOUNT:
        for model, condition, instead in _narrowed:
            rule = instead.get(kind, condition)
            options.append(with_loader_criteria(model, rule(model, scope), include_aliases=True))
    return options


def _owned(mixin: type[Any], key: str, value: UUID | None) -> Any:
    if value is None:
        return with_loader_criteria(mixin, lambda cls: false(), include_aliases=True)
    if key == "fmo_id":
        return with_loader_criteria(mixin, lambda cls: cls.fmo_id == value, include_aliases=True)
    return with_loader_criteria(mixin, lambda cls: cls.business_id == value, include_aliases=True)


def check_new(instances: Iterable[object], scope: Scope) -> None:
    """Give new rows their tenant where it is not set; raises `ScopeChanged` where it is another's."""
    for row in instances:
        if isinstance(row, FmoOwned | BusinessOwned):
            _claim(row, "fmo_id", scope.fmo_id)
        if isinstance(row, BusinessOwned) and scope.business_id is not None:
            _claim(row, "business_id", scope.business_id)


def _claim(row: object, key: str, value: UUID | None) -> None:
    held = getattr(row, key)
    if held is None and value is not None:
        setattr(row, key, value)
    elif value is not None and held != value:
        raise ScopeChanged(f"A new {type(row).__name__} carries another {key} than the scope.")


@contextmanager
def off_for_tests() -> Iterator[None]:
    """Switch the filter off inside the block, to see that the wall alone holds. Only tests may call this."""
    token = _on.set(False)
    try:
        yield
    finally:
        _on.reset(token)
