"""Who is at work, for whom: set once per request or job, never changed on a living session.

No scope, no rows: the session refuses to open a connection, and row security sees empty settings.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Login(StrEnum):
    """The database logins, one for each kind of work; none of them can become another."""

    IDENTITY = "identity"
    FMO = "fmo"
    AGENT = "agent"
    COMPLIANCE = "compliance"
    EMERGENCY = "emergency"
    JOBS = "jobs"
    SEALER = "sealer"


class Role(StrEnum):
    """What a person is; the value is stored."""

    FMO_ADMIN = "fmo_admin"
    FMO_SUPPORT = "fmo_support"
    FMO_STEWARD = "fmo_steward"
    FMO_USERS = "fmo_users"
    COMPLIANCE = "compliance"
    AGENT_ADMIN = "agent_admin"
    AGENT_ALL = "agent_all"
    AGENT_LIMITED = "agent_limited"
    EMERGENCY = "emergency"  # nobody's own: the staff's for an hour, where compliance was told
    SYSTEM = "system"

    @property
    def label(self) -> str:
        """The words people see."""
        return _LABELS[self]

    @property
    def login(self) -> Login:
        """The database login that requests of this role use."""
        return _LOGINS[self]

    @property
    def is_agent(self) -> bool:
        """Whether people of this role sign in to one Business."""
        return self in AGENT_ROLES

    @property
    def is_staff(self) -> bool:
        """Whether people of this role are the FMO's staff; compliance officers watch them and are none."""
        return self in STAFF_ROLES


AGENT_ROLES = (Role.AGENT_ADMIN, Role.AGENT_ALL, Role.AGENT_LIMITED)
STAFF_ROLES = (Role.FMO_ADMIN, Role.FMO_SUPPORT, Role.FMO_STEWARD, Role.FMO_USERS)
_LABELS = {
    Role.FMO_ADMIN: "FMO administrator",
    Role.FMO_SUPPORT: "Provisioning and support",
    Role.FMO_STEWARD: "Data steward",
    Role.FMO_USERS: "User administrator",
    Role.COMPLIANCE: "Compliance officer",
    Role.AGENT_ADMIN: "Agent – Administrator",
    Role.AGENT_ALL: "Agent – All Contacts Access",
    Role.AGENT_LIMITED: "Agent – Limited Contacts Access",
    Role.EMERGENCY: "Emergency access",
    Role.SYSTEM: "System",
}
_LOGINS = {
    **dict.fromkeys(STAFF_ROLES, Login.FMO),
    Role.COMPLIANCE: Login.COMPLIANCE,
    Role.AGENT_ADMIN: Login.AGENT,
    Role.AGENT_ALL: Login.AGENT,
    Role.AGENT_LIMITED: Login.AGENT,
    Role.EMERGENCY: Login.EMERGENCY,
    Role.SYSTEM: Login.JOBS,
}


@dataclass(frozen=True, slots=True)
class Scope:
    """Actor, tenant and reach of one request or job, and where it came from for the access log."""

    login: Login
    role: Role
    fmo_id: UUID | None = None
    business_id: UUID | None = None
    own_npn: str | None = None  # set: only this NPN's records; None: the whole account
    actor_id: UUID | None = None
    actor_name: str = "system"
    session_id: UUID | None = None
    request_id: str | None = None
    run_id: UUID | None = None
    emergency_id: UUID | None = None  # the emergency access under which somebody reads
    reason: str | None = None  # why, for every entry of the log that names no reason of its own
    address: str | None = None
    user_agent: str | None = None
    proved_at: datetime | None = None  # when the person last proved to be themself in this session

    @property
    def limited(self) -> bool:
        """Whether only records of the actor's own NPN may be seen."""
        return self.role is Role.AGENT_LIMITED


class NoScope(RuntimeError):
    """Data was asked for before anybody said for whom."""


class ScopeChanged(RuntimeError):
    """A living session was about to be used for somebody else."""


_current: ContextVar[Scope | None] = ContextVar("scope", default=None)


def current() -> Scope:
    """The scope at work; raises `NoScope` where there is none."""
    scope = _current.get()
    if scope is None:
        raise NoScope("No scope is set: sign in, or run inside `acting`.")
    return scope


def current_or_none() -> Scope | None:
    """The scope at work, or None (a page that anybody may open)."""
    return _current.get()


def set_for_request(scope: Scope | None) -> None:
    """Begin a request for `scope`; the transaction module clears it at the request's end."""
    _current.set(scope)


def fmo_id() -> UUID:
    """The FMO at work; raises `NoScope` where none is known yet."""
    found = current().fmo_id
    if found is None:
        raise NoScope("No FMO is known here.")
    return found


def business_id() -> UUID:
    """The Business at work; raises `NoScope` where there is none."""
    found = current().business_id
    if found is None:
        raise NoScope("No Business is known here.")
    return found


@contextmanager
def acting(scope: Scope) -> Iterator[Scope]:
    """Work as `scope` inside the block (jobs, commands); refuses to nest."""
    if _current.get() is not None:
        raise ScopeChanged("A scope is already set; it never changes.")
    token = _current.set(scope)
    try:
        yield scope
    finally:
        _current.reset(token)
