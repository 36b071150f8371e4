"""Attributing policies anew when the crosswalk, or what an identifier means, has changed."""

from __future__ import annotations

from uuid import UUID

from portal.book import hooks
from portal.book.events import REATTRIBUTED, WRITER_CONFIRMED
from portal.book.models import Connector
from portal.book.operations.connectors import blocked_kinds
from portal.book.statements import policies, runs, writers
from portal.core import access, scope
from portal.extensions import db

_AT_ONCE = 10_000


def reattribute(carrier: str, kind: str, value: str | None = None) -> int:
    """Attribute anew those policies of an identifier (without `value`: of a kind) that no NPN column decides.

    Copies of policies that leave an NPN are released in the same transaction. Returns the number of policies that
    changed hands. `value` is canonical as in the crosswalk: a keyed hash where `kind` is tin.
    """
    if kind in blocked_kinds(carrier):
        return 0
    policies_moved, released = _again(carrier, kind, value)
    if policies_moved:
        access.record(REATTRIBUTED, kind="policy", policies=policies_moved, released=released)
    return policies_moved


def confirm_kind(*, connector: Connector, kind: str) -> int:
    """Say that identifiers of `kind` name the writing agent in this carrier's files; how many policies moved."""
    if kind not in connector.confirmed_kinds:
        connector.confirmed_kinds = [*connector.confirmed_kinds, kind]
        db.session.flush()
    moved, released = _again(connector.carrier, kind, None)
    access.record(WRITER_CONFIRMED, subject=connector, identifier=kind, policies=moved, released=released)
    return moved


def _again(carrier: str, kind: str, value: str | None) -> tuple[int, int]:
    fmo_id: UUID = scope.fmo_id()
    db.session.flush()
    runs.lock_book(fmo_id)
    changes = writers.newly_resolved(fmo_id, carrier, kind, value)
    if not changes:
        return 0, 0
    batch, released = policies.next_batch(fmo_id), 0
    for start in range(0, len(changes), _AT_ONCE):
        part = changes[start : start + _AT_ONCE]
        writers.rewrite(fmo_id, part, batch=batch)
        released += hooks.writers_changed([one[0] for one in part])
    return len(changes), released
