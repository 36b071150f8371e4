"""Writing the log. Everything is an INSERT without RETURNING: the logins may write entries and not read them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from portal.compliance.models import ENTRY_VERSION, AccessEntry, InstallationEntry
from portal.core.access import Entry, register_recorder
from portal.core.events import Event
from portal.core.ids import new_id
from portal.core.scope import Scope
from portal.core.session import TenantSession, open_session


def write(session: Session, entries: list[Entry]) -> None:
    """Insert `entries` under the session's scope, in its transaction."""
    assert isinstance(session, TenantSession)
    scope = session.scope()
    session.connection().execute(insert(AccessEntry).inline(), [row(entry, scope) for entry in entries])


def write_as(session: Session, scope: Scope, entries: list[Entry]) -> None:
    """Insert `entries` of the actor of `scope` in the session's transaction, begun before that was known."""
    session.connection().execute(insert(AccessEntry).inline(), [row(entry, scope) for entry in entries])


def row(entry: Entry, scope: Scope) -> dict[str, Any]:
    """The columns of `access_entry` that say `entry` of the actor of `scope`; all but its time."""
    return {
        "fmo_id": scope.fmo_id,
        "id": new_id(),
        "actor_id": scope.actor_id,
        "actor_name": scope.actor_name,
        "role": scope.role.value,
        "business_id": scope.business_id,
        "session_id": scope.session_id,
        "request_id": scope.request_id,
        "run_id": scope.run_id,
        "action": entry.event.name,
        "subject_kind": entry.subject_kind,
        "subject_ids": entry.subject_ids,
        "member_ids": sorted(entry.member_ids),
        "fields": entry.fields,
        "reason": entry.reason or scope.reason,
        "address": scope.address,
        "user_agent": scope.user_agent,
        "outcome": entry.outcome,
        "also": {kind: [str(i) for i in ids] for kind, ids in entry.also.items()},
        "detail": entry.detail | ({"emergency": str(scope.emergency_id)} if scope.emergency_id else {}),
        "version": ENTRY_VERSION,
    }


def write_refusal(scope: Scope, event: Event, *, asked_for: UUID | None, reason: str, **detail: Any) -> None:
    """Log an attempt that was refused, on a connection of its own: the request's transaction is rolled back."""
    ids = [asked_for] if asked_for else []
    entry = Entry(event, subject_ids=ids, reason=reason, outcome="refused", detail=detail)
    with open_session(scope) as session:
        write(session, [entry])


def write_installation_entry(
    session: Session, action: str, *, outcome: str, reason: str, request: dict[str, str | None]
) -> None:
    """Log what happened before any FMO was known. `request` carries address, user_agent and request_id."""
    made: dict[str, Any] = {
        "id": new_id(),
        "action": action,
        "outcome": outcome,
        "reason": reason,
        "detail": {},
        **request,
    }
    session.connection().execute(insert(InstallationEntry).inline(), [made])


register_recorder(write)
