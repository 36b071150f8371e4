"""Emergency access as an alarm: from the click until an officer has judged it. Its own mail has told the officers,
and their home tells of it at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import url_for
from sqlalchemy import select

from portal.compliance.alarms import registry
from portal.compliance.alarms.registry import Finding, Kind
from portal.core.scope import Login, Role, Scope
from portal.core.session import open_session
from portal.identity.emergency.models import EmergencyAccess


def waiting(fmo_id: UUID) -> Sequence[Finding]:
    """Every emergency access of the FMO that nobody has judged yet."""
    at_work = Scope(login=Login.JOBS, role=Role.SYSTEM, fmo_id=fmo_id, actor_name="Portal jobs")
    with open_session(at_work) as session:
        unjudged = select(EmergencyAccess).where(EmergencyAccess.reviewed_at.is_(None))
        return [Finding(str(one.id), {}) for one in session.scalars(unjudged.order_by(EmergencyAccess.asked_at))]


def _says(facts: Mapping[str, Any]) -> str:
    return "Somebody of the staff took emergency access to an account’s contacts, and no officer has judged it yet."


def _place(subject: str) -> str:
    return url_for("identity.emergency", access_id=subject)


def register() -> None:
    """Make it known."""
    registry.register(
        Kind(
            "emergency", "Emergency access was taken", _says,
            "Read the reason and what was seen, end it if it still runs, and judge it when it is over. With the"
            " judgement the alarm is over.",
            waiting, _place, "Open the emergency access", settles=True, mails=False, on_home=False,
        )
    )  # fmt: skip
