"""Log entries around single sign-on: of the person where one is known, else of the FMO, else of the installation."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from portal.compliance.operations import write_as, write_installation_entry
from portal.core import access
from portal.core.access import Entry
from portal.core.events import Event
from portal.core.scope import Login, Role, Scope
from portal.core.session import TenantSession, open_session
from portal.identity import origin as origins
from portal.identity.models import User
from portal.identity.origin import Origin
from portal.identity.sessions import IDENTITY_SCOPE
from portal.identity.sso import events
from portal.identity.sso.refusals import Refused

WHO = "Single sign-on"


def scope_for(fmo_id: UUID, origin: Origin) -> Scope:
    """The scope of sign-in in an FMO, before a person is known."""
    return Scope(
        Login.IDENTITY,
        Role.SYSTEM,
        fmo_id,
        actor_name=WHO,
        address=origin.address,
        user_agent=(origin.user_agent or "")[:300],
        request_id=origin.request_id,
    )


def log_change(work: TenantSession, event: Event, user: User, origin: Origin, **detail: Any) -> None:
    """One entry in the user's name, in the transaction of what it tells of."""
    entry = Entry(event, "user", [user.id], detail=detail)
    write_as(work, origins.scope_of(user, origin=origin, login=Login.IDENTITY), [entry])


def log_refusal_of(user: User, why: str, origin: Origin) -> None:
    """One entry in the user's name that outlives what is rolled back."""
    with open_session(origins.scope_of(user, origin=origin, login=Login.IDENTITY)) as work:
        write_as(work, work.scope(), [Entry(events.REFUSED, "user", [user.id], outcome="refused", detail={"why": why})])


def log_of_fmo(event: Event, fmo_id: UUID, origin: Origin, *, outcome: str = "done", **detail: Any) -> None:
    """One entry of the FMO's, in nobody's name."""
    with open_session(scope_for(fmo_id, origin)) as work:
        access.record(event, kind="fmo", ids=[fmo_id], session=work, **detail)
        access.pending(work)[-1].outcome = outcome
        access.write_entries(work)


def log_refusal(refused: Refused, fmo_id: UUID | None, origin: Origin, event: Event = events.REFUSED) -> None:
    """Why nobody came in; never what was sent."""
    if getattr(refused, "logged", False):
        return  # in the person's own name already
    if fmo_id is not None:
        log_of_fmo(event, fmo_id, origin, outcome="refused", why=refused.why)
        return
    with open_session(IDENTITY_SCOPE) as work:
        reason = f"single sign-on: {refused.why}"
        write_installation_entry(work, event.name, outcome="refused", reason=reason, request=origin.as_row())
