"""What Log Activity offers. Upper rooms register their types; the plain ones, which only note, are here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from flask import url_for

from portal.activities.models import Activity
from portal.core import scope
from portal.core.permissions import Permission, may

AGENT_CRM, NOTES = "Agent CRM", "Notes"
GROUPS = (AGENT_CRM, NOTES)
EVERY_KIND = frozenset({"agent", "agency", "business"})
PLAIN_ENDPOINT = "activities.new"


@dataclass(frozen=True, slots=True)
class ActivityType:
    """One choice of Log Activity. `endpoint` is the view of its form, called with `kind` and `record_id`.

    `icon` names the mark on the timeline. The menu shows it to those who hold `permission`.
    """

    key: str
    label: str
    group: str
    subjects: frozenset[str]
    endpoint: str
    permission: Permission
    icon: str = "activity"


DetailHref = Callable[[Activity], str | None]
Menu = list[tuple[str, list[tuple[str, str]]]]

_types: dict[str, ActivityType] = {}
_details: dict[str, DetailHref] = {}


def register(offered: ActivityType) -> None:
    """Offer a type; a second one with the same key takes the place of the first."""
    if offered.group not in GROUPS:
        raise ValueError(f"{offered.group!r} is no group of the Log Activity menu.")
    _types[offered.key] = offered


def register_detail(type_key: str, href_of: DetailHref) -> None:
    """Show the page behind `href_of(activity)` as the detail of such entries (None: that entry has none)."""
    _details[type_key] = href_of


def types_for(kind: str) -> list[ActivityType]:
    """The types that a record of `kind` (agent, agency, business) offers to the actor, [Agent CRM] ones first."""
    at_work = scope.current()
    fitting = [one for one in _types.values() if kind in one.subjects and may(at_work, one.permission)]
    return sorted(fitting, key=lambda one: GROUPS.index(one.group))


def find(key: str) -> ActivityType | None:
    """The type with that key, or None."""
    return _types.get(key)


def menu(kind: str, record_id: UUID) -> Menu:
    """The groups of the Log Activity menu on one record, for the macro `log_activity`."""
    offered = types_for(kind)
    return [
        (group, [(one.label, _form_href(one, kind, record_id)) for one in offered if one.group == group])
        for group in GROUPS
    ]


def _form_href(offered: ActivityType, kind: str, record_id: UUID) -> str:
    if offered.endpoint == PLAIN_ENDPOINT:
        return url_for(offered.endpoint, type_key=offered.key, kind=kind, record_id=record_id)
    return url_for(offered.endpoint, kind=kind, record_id=record_id)


def icon_of(activity: Activity) -> str:
    """The mark of an entry; types that are no longer registered get a general one."""
    offered = find(activity.type)
    return offered.icon if offered else "activity"


def detail_href(activity: Activity) -> str | None:
    """The address of what stands behind an entry, or None."""
    href_of = _details.get(activity.type)
    return href_of(activity) if href_of else None


def _plain(key: str, label: str, icon: str) -> ActivityType:
    return ActivityType(key, label, NOTES, EVERY_KIND, PLAIN_ENDPOINT, Permission.ACTIVITY_LOG, icon)


for _type in (
    _plain("note", "Note", "sticky-note"),
    _plain("call", "Call", "phone"),
    _plain("email", "E-mail", "mail"),
    _plain("meeting", "Meeting", "users"),
):
    register(_type)
