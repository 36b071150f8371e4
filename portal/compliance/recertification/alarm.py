"""That a quarter's access is not recertified a month into it, as an alarm; signing ends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import url_for
from sqlalchemy import select

from portal.compliance.alarms import registry, statements
from portal.compliance.alarms.registry import Finding, Kind
from portal.compliance.recertification.models import Recertification
from portal.compliance.recertification.queries import quarter_of, this_quarter
from portal.compliance.seals.scopes import sealing
from portal.core import clock
from portal.core.scope import Login, Role, Scope
from portal.core.session import open_session

DAYS = 30


def overdue(fmo_id: UUID) -> Sequence[Finding]:
    """Whether this quarter's is not signed after 30 days; not for an FMO whose log is younger than that."""
    today = clock.local(clock.now()).date()
    begin = date(today.year, today.month - (today.month - 1) % 3, 1)
    if (today - begin).days < DAYS:
        return []
    with open_session(sealing(fmo_id)) as session:
        first = statements.first_entry(session, fmo_id)
    if first is None or first > datetime.now(UTC) - timedelta(days=DAYS):
        return []
    officers = Scope(login=Login.COMPLIANCE, role=Role.SYSTEM, fmo_id=fmo_id, actor_name="Portal jobs")
    with open_session(officers) as session:
        signed = (Recertification.quarter == this_quarter(), Recertification.signed_at.is_not(None))
        if session.scalar(select(Recertification.id).where(*signed)) is not None:
            return []
    return [Finding(quarter_of(today), {"quarter": quarter_of(today)})]


def _says(facts: Mapping[str, Any]) -> str:
    return f"Users’ access of {facts['quarter'].replace('-', ' ')} is not recertified and signed {DAYS} days into it."


def _place(subject: str) -> str:
    return url_for("recertification.recertifications")


def register() -> None:
    """Make it known."""
    registry.register(
        Kind(
            "recertification_late", "Users’ access is not recertified", _says,
            "Begin it, or go on with it: confirm or withdraw the access of every user, then sign. Signing ends the"
            " alarm.",
            overdue, _place, "Open Users’ access", settles=True,
        )
    )  # fmt: skip
