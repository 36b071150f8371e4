"""Who may do what, and the rule that every route says so.

A route is closed until it carries exactly one of `@allow(Permission.X)` or `@public("reason")`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from portal.core.events import Event
from portal.core.scope import Role, Scope


class Permission(StrEnum):
    """One word for each thing that a role may or may not do; `permission_table` says what each means."""

    ANY_SIGNED_IN = "signed_in"
    SEARCH = "search"
    FMO_HOME = "fmo.home"
    DOWNLINE_READ = "downline.read"
    DOWNLINE_EDIT = "downline.edit"
    ACTIVITY_LOG = "activity.log"
    BUSINESS_READ = "business.read"
    BUSINESS_USERS = "business.users"
    PROVISION = "business.provision"
    SYNC_READ = "sync.read"
    SYNC_REPORT = "sync.report"
    SUMS_READ = "sums.read"
    BOOK_READ = "book.read"
    BOOK_REVEAL = "book.reveal"
    BOOK_ATTRIBUTE = "book.attribute"
    CLAIM_ANSWER = "claim.answer"
    FEED_READ = "feed.read"
    FEED_LOAD = "feed.load"
    FEED_UNDO = "feed.undo"
    FEED_INPUT = "feed.input"
    HELD_READ = "held.read"
    HELD_DECIDE = "held.decide"
    STAFF = "staff.users"
    STAFF_ADMINS = "staff.admins"
    SETTINGS = "fmo.settings"
    ACCESS_READ = "access.read"
    ACCESS_EXPORT = "access.export"
    ALARMS = "alarms"
    DISCLOSURES = "disclosures"
    RECERTIFY = "access.recertify"
    RETENTION = "access.retain"
    OFFICERS = "officers"
    EMERGENCY_ASK = "emergency.ask"
    EMERGENCY_READ = "emergency.read"
    EMERGENCY_REVIEW = "emergency.review"
    CRM_READ = "crm.read"
    CRM_EDIT = "crm.edit"
    CRM_REVEAL = "crm.reveal"
    CRM_TAKE_OUT = "crm.take_out"
    RESYNC_ASK = "resync.ask"
    CLAIM_MAKE = "claim.make"
    CRM_REMOVE = "crm.remove"
    CRM_DUPLICATES = "crm.duplicates"
    CRM_UPLOAD = "crm.upload"
    CRM_MERGE = "crm.merge"
    CRM_USERS = "crm.users"


_STAFF = frozenset({Permission.ANY_SIGNED_IN, Permission.SEARCH, Permission.FMO_HOME})
# Counts of policies and people, never whose they are: PostgreSQL shows this role no row of a member.
_SUPPORT = _STAFF | {
    Permission.DOWNLINE_READ,
    Permission.ACTIVITY_LOG,
    Permission.BUSINESS_READ,
    Permission.BUSINESS_USERS,
    Permission.PROVISION,
    Permission.SYNC_READ,
    Permission.SUMS_READ,
    Permission.EMERGENCY_ASK,
}
_STEWARD = _STAFF | {
    Permission.DOWNLINE_READ,
    Permission.DOWNLINE_EDIT,
    Permission.SUMS_READ,
    Permission.BOOK_READ,
    Permission.BOOK_ATTRIBUTE,
    Permission.CLAIM_ANSWER,
    Permission.FEED_READ,
    Permission.FEED_LOAD,
    Permission.FEED_UNDO,
    Permission.FEED_INPUT,
    Permission.HELD_READ,
}
_USERS = _STAFF | {Permission.BUSINESS_READ, Permission.BUSINESS_USERS, Permission.STAFF}
# What is the administrators' alone: whose number a policy has, who gets whose policies, the rules, and each other.
_FMO_ADMIN = (_SUPPORT | _STEWARD | _USERS) | {
    Permission.SYNC_REPORT,
    Permission.BOOK_REVEAL,
    Permission.HELD_DECIDE,
    Permission.STAFF_ADMINS,
    Permission.SETTINGS,
}
_AGENT = frozenset(
    {
        Permission.ANY_SIGNED_IN,
        Permission.SEARCH,
        Permission.CRM_READ,
        Permission.CRM_EDIT,
        Permission.CRM_REVEAL,
        Permission.CRM_TAKE_OUT,
        Permission.RESYNC_ASK,
        Permission.CLAIM_MAKE,
    }
)
_WHOLE_ACCOUNT = _AGENT | {Permission.CRM_REMOVE, Permission.CRM_DUPLICATES}
_COMPLIANCE = frozenset(
    {
        Permission.ANY_SIGNED_IN,
        Permission.ACCESS_READ,
        Permission.ACCESS_EXPORT,
        Permission.ALARMS,
        Permission.DISCLOSURES,
        Permission.RECERTIFY,
        Permission.RETENTION,
        Permission.OFFICERS,
        Permission.EMERGENCY_REVIEW,
    }
)

GRANTED: dict[Role, frozenset[Permission]] = {
    Role.FMO_ADMIN: _FMO_ADMIN,
    Role.FMO_SUPPORT: _SUPPORT,
    Role.FMO_STEWARD: _STEWARD,
    Role.FMO_USERS: _USERS,
    Role.COMPLIANCE: _COMPLIANCE,
    Role.AGENT_ADMIN: _WHOLE_ACCOUNT | {Permission.CRM_USERS, Permission.CRM_UPLOAD, Permission.CRM_MERGE},
    Role.AGENT_ALL: _WHOLE_ACCOUNT,
    Role.AGENT_LIMITED: _AGENT,
    Role.EMERGENCY: frozenset({Permission.EMERGENCY_READ}),
    Role.SYSTEM: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Access:
    """What a route asks for, and under which event its reads enter the log (None: nothing sensitive)."""

    permission: Permission | None
    event: Event | None
    public_reason: str | None = None
    fresh: bool = False  # only for who proved to be themself in the last minutes


View = TypeVar("View", bound=Callable[..., Any])


def allow(permission: Permission, event: Event | None = None, *, fresh: bool = False) -> Callable[[View], View]:
    """Open a route to the roles that hold `permission`; with `event`, every answer leaves one log entry.

    `fresh`: who did not prove to be themself within `transaction.FRESH_FOR` is asked to do so first.
    """

    def mark(view: View) -> View:
        view.__access__ = Access(permission, event, fresh=fresh)  # type: ignore[attr-defined]  # read back by `access_of`
        return view

    return mark


def public(reason: str) -> Callable[[View], View]:
    """Open a route to strangers, saying why."""

    def mark(view: View) -> View:
        view.__access__ = Access(None, None, reason)  # type: ignore[attr-defined]  # read back by `access_of`
        return view

    return mark


def access_of(view: Callable[..., Any]) -> Access | None:
    """What `view` declared; None means the route is closed."""
    found: Access | None = getattr(view, "__access__", None)
    return found


def may(scope: Scope | None, permission: Permission) -> bool:
    """Whether the scope's role holds `permission`."""
    return scope is not None and permission in GRANTED[scope.role]
