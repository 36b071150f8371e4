"""What an activity can be logged on. The rooms of the records say how one of theirs is found and shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from flask import abort

from portal.core.transaction import not_yours


@dataclass(frozen=True, slots=True)
class Subject:
    """A record with a timeline: `kind` is agent, agency or business; `href` its page."""

    kind: str
    id: UUID
    title: str
    number: str | None  # its NPN
    href: str


Resolver = Callable[[UUID], Subject | None]
_resolvers: dict[str, Resolver] = {}


def register(kind: str, resolver: Resolver) -> None:
    """Name the function that finds a record of `kind` inside the scope, or gives None."""
    _resolvers[kind] = resolver


def find(kind: str, record_id: UUID) -> Subject | None:
    """The record among those that the actor may see, or None."""
    resolver = _resolvers.get(kind)
    return resolver(record_id) if resolver else None


def find_or_404(kind: str, record_id: UUID) -> Subject:
    """The record; a foreign id and one that never existed give the same logged 404, an unknown kind a plain one."""
    if kind not in _resolvers:
        abort(404)
    found = find(kind, record_id)
    if found is None:
        not_yours()
    return found
