"""What was seen and done in one request or job, collected by the session and handed to the recorder at the end.

Rows of a sensitive model enter by being loaded, not by a view's memory. The room that keeps the log registers the
recorder.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import event, inspect
from sqlalchemy.orm import ORMExecuteState
from sqlalchemy.orm import Session as OrmSession

from portal.core.events import Event
from portal.core.request_log import UNDECLARED_READ
from portal.core.session import TenantSession


@dataclass(slots=True)
class Entry:
    """One entry to be: the event, its subjects, and details under the event's declared fields."""

    event: Event
    subject_kind: str | None = None
    subject_ids: list[UUID] = field(default_factory=list)
    member_ids: set[UUID] = field(default_factory=set)
    fields: list[str] = field(default_factory=list)  # names of what was revealed or changed, never values
    reason: str | None = None
    outcome: str = "done"
    detail: dict[str, Any] = field(default_factory=dict)
    also: dict[str, list[UUID]] = field(default_factory=dict)


Recorder = Callable[[OrmSession, list[Entry]], None]
_recorder: list[Recorder] = []


class SensitiveColumns(RuntimeError):
    """Columns of a sensitive model were selected one by one, so that the log could not see whose they are."""


def register_recorder(recorder: Recorder) -> None:
    """Name the function that writes entries inside the session's transaction. One for the program."""
    _recorder[:] = [recorder]


def record(
    what: Event,
    *,
    subject: object | None = None,
    kind: str | None = None,
    ids: list[UUID] | None = None,
    members: set[UUID] | None = None,
    fields: list[str] | None = None,
    reason: str | None = None,
    session: OrmSession | None = None,
    **detail: Any,
) -> None:
    """Log `what` in the transaction at work. `subject` is a row, or give `kind` and `ids`.

    Details must be declared by the event; an undeclared one raises `ValueError`. Never pass a value of PHI.
    """
    undeclared = set(detail) - set(what.fields)
    if undeclared:
        raise ValueError(f"{what.name} does not declare {', '.join(sorted(undeclared))}.")
    entry = Entry(what, kind, list(ids or []), set(members or ()), list(fields or []), reason, detail=detail)
    if subject is not None:
        entry.subject_kind = kind or type(subject).__name__.lower()
        entry.subject_ids = [subject.id]  # type: ignore[attr-defined]  # every owned model has one
        member = getattr(subject, "member_id", None)
        if member is not None:
            entry.member_ids.add(member)
    pending(session).append(entry)


def _session(session: OrmSession | None) -> OrmSession:
    if session is not None:
        return session
    from portal.extensions import db

    return db.session()


def pending(session: OrmSession | None = None) -> list[Entry]:
    """Entries recorded so far and not yet written."""
    found: list[Entry] = _session(session).info.setdefault("entries", [])
    return found


def seen(session: OrmSession | None = None) -> dict[str, dict[UUID, UUID | None]]:
    """Sensitive rows loaded so far: kind → {row id: member id or None}."""
    found: dict[str, dict[UUID, UUID | None]] = _session(session).info.setdefault("seen", {})
    return found


def write_entries(session: OrmSession | None = None, *, read_event: Event | None = None) -> None:
    """Hand everything collected to the recorder, in the session's transaction; call once, before the commit.

    What was loaded joins the first recorded entry; without one, an entry of `read_event` is made.
    """
    at_work = _session(session)
    if session is None or at_work.info.get("follows_request", True):
        at_work.flush()
    entries = at_work.info.pop("entries", [])
    loaded: dict[str, dict[UUID, UUID | None]] = at_work.info.pop("seen", {})
    if not entries and read_event is not None:
        entries = [Entry(read_event)]
    if not entries and loaded:
        entries = [Entry(UNDECLARED_READ)]
    if entries:
        _join(entries[0], loaded)
        _recorder[0](at_work, entries)


def _join(entry: Entry, loaded: dict[str, dict[UUID, UUID | None]]) -> None:
    for kind, rows in loaded.items():
        if entry.subject_kind is None and (entry.event.name.startswith(kind + ".") or len(loaded) == 1):
            entry.subject_kind, entry.subject_ids = kind, list(rows)
        else:
            entry.also[kind] = list(rows)
        entry.member_ids.update(member for member in rows.values() if member is not None)


@event.listens_for(TenantSession, "loaded_as_persistent")
def _collect(session: OrmSession, row: object) -> None:
    kind = getattr(type(row), "__sensitive__", None)
    if kind is not None:
        member = row.id if kind == "member" else getattr(row, "member_id", None)  # type: ignore[attr-defined]
        seen(session).setdefault(kind, {})[row.id] = member  # type: ignore[attr-defined]


@event.listens_for(TenantSession, "do_orm_execute")
def _refuse_columns(state: ORMExecuteState) -> None:
    if not state.is_select or state.is_column_load or state.execution_options.get("unlogged"):
        return
    for column in state.statement.column_descriptions if hasattr(state.statement, "column_descriptions") else ():
        entity, chosen = column.get("entity"), column.get("expr")
        if entity is None or chosen is entity or not getattr(entity, "__sensitive__", None):
            continue
        if inspect(chosen, raiseerr=False) is not inspect(entity) and not inspect(entity).is_aliased_class:
            raise SensitiveColumns(f"Select {entity.__name__} whole, or give the option unlogged=<why>.")
