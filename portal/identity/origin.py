"""Where a request comes from, and what the person who sends it may reach."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from portal.core.scope import Login, Role, Scope
from portal.identity.models import User


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a sign-in or invitation came from, for the log."""

    address: str | None = None
    user_agent: str | None = None
    request_id: str | None = None
    session_id: UUID | None = None  # in which it is asked, where there is one; at sign-in the one that begins

    def as_row(self) -> dict[str, str | None]:
        """The columns of the installation's log."""
        return {"address": self.address, "user_agent": self.user_agent, "request_id": self.request_id}


def scope_of(
    user: User,
    *,
    session_id: UUID | None = None,
    origin: Origin | None = None,
    login: Login | None = None,
    proved_at: datetime | None = None,
) -> Scope:
    """What `user` may see and do, for one request."""
    at = origin or Origin()
    return Scope(
        login=login or user.role.login,
        role=user.role,
        fmo_id=user.fmo_id,
        business_id=user.business_id,
        own_npn=user.npn if user.role is Role.AGENT_LIMITED else None,
        actor_id=user.id,
        actor_name=user.name,
        session_id=session_id or at.session_id,
        request_id=at.request_id,
        address=at.address,
        user_agent=(at.user_agent or "")[:300],
        proved_at=proved_at,
    )
