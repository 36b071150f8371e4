"""An overdue review as an alarm; signing the next one ends it. The room's own mail and note on the home tell of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import url_for

from portal.compliance.alarms import registry
from portal.compliance.alarms.registry import Finding, Kind
from portal.compliance.reviews import queries
from portal.core import clock, scope
from portal.core.scope import Login, Role, Scope
from portal.core.words import counted
from portal.extensions import db


def overdue(fmo_id: UUID) -> Sequence[Finding]:
    """Whether a review of the log should have been signed before now."""
    at_work = Scope(login=Login.JOBS, role=Role.SYSTEM, fmo_id=fmo_id, actor_name="Portal jobs")
    with scope.acting(at_work):
        try:
            due_at, _ = queries.due()
        finally:
            db.session.remove()
    late = clock.now() - due_at
    return [Finding("", {"days": late // timedelta(days=1)})] if late > timedelta() else []


def _says(facts: Mapping[str, Any]) -> str:
    days = facts["days"]
    return f"The review of the access log should have been signed {counted(days, 'day') + ' ago' if days else 'today'}."


def _place(subject: str) -> str:
    return url_for("reviews.reviews")


def register() -> None:
    """Make it known."""
    registry.register(
        Kind(
            "review_overdue", "The review of the access log is overdue", _says,
            "Begin the review or go on with it: judge every finding, then sign. Signing ends the alarm.",
            overdue, _place, "Open Reviews", settles=True, mails=False, on_home=False,
        )
    )  # fmt: skip
