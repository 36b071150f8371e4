"""What upper rooms show on the page of a producer or a Business: a title and the address of their own fragment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from portal.core import scope
from portal.core.permissions import Permission, may

HrefOf = Callable[[UUID], str | None]


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel of one record: fetched from `href` when the page is open, a link without script."""

    title: str
    href: str


_registered: dict[str, dict[str, tuple[Permission, HrefOf]]] = {"producer": {}, "business": {}}


def register(kind: str, title: str, permission: Permission, href_of: HrefOf) -> None:
    """Show on every record of `kind` (producer or business) what `href_of(record id)` answers; None shows nothing.

    `permission` is what the panel's address asks for: who does not hold it has no such panel.
    """
    _registered[kind][title] = permission, href_of


def panels(kind: str, record_id: UUID) -> list[Panel]:
    """The panels of one record, in the order of registration."""
    at_work = scope.current()
    mine = ((title, href_of) for title, (asked, href_of) in _registered[kind].items() if may(at_work, asked))
    made = ((title, href_of(record_id)) for title, href_of in mine)
    return [Panel(title, href) for title, href in made if href]
