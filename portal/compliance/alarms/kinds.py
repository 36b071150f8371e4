"""The alarms that this room knows itself: the log's verification and sealing, and who did unusually much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import url_for
from sqlalchemy import select

from portal.compliance.alarms import registry, statements, volume
from portal.compliance.alarms.registry import Finding, Kind
from portal.compliance.seals import statements as seals
from portal.compliance.seals.models import SealCheck
from portal.compliance.seals.scopes import sealing
from portal.core.session import open_session
from portal.core.words import counted

UNSEALED_FOR = timedelta(minutes=10)
UNVERIFIED_FOR = timedelta(hours=36)  # it is verified every day; half a day more is a long verification


def verification_failed(fmo_id: UUID) -> Sequence[Finding]:
    """Whether the last verification that ended found faults."""
    with open_session(sealing(fmo_id)) as session:
        last = session.scalars(_ended().limit(1)).first()
    return [Finding("", {"faults": last.fault_count})] if last is not None and last.fault_count else []


def verification_late(fmo_id: UUID) -> Sequence[Finding]:
    """Whether no verification has ended for a day and a half: whoever touched the log would stop it."""
    with open_session(sealing(fmo_id)) as session:
        now = statements.now(session)
        last = session.scalars(_ended().limit(1)).first()
        since = last.ended_at if last is not None else statements.first_entry(session, fmo_id)
    late = since is not None and now - since > UNVERIFIED_FOR
    return [Finding("", {"hours": int((now - since) / timedelta(hours=1))})] if since is not None and late else []


def sealing_stopped(fmo_id: UUID) -> Sequence[Finding]:
    """Whether an entry has waited for its seal for more than ten minutes."""
    with open_session(sealing(fmo_id)) as session:
        now = statements.now(session)
        waiting, oldest = seals.waiting(session, fmo_id)
    if oldest is None or now - oldest <= UNSEALED_FOR:
        return []
    return [Finding("", {"waiting": waiting, "minutes": int((now - oldest) / timedelta(minutes=1))})]


def _ended() -> Any:
    return select(SealCheck).where(SealCheck.ended_at.is_not(None)).order_by(SealCheck.ended_at.desc())


def _faults(facts: Mapping[str, Any]) -> str:
    return f"The last verification of the access log found {counted(facts['faults'], 'fault')}."


def _hours(facts: Mapping[str, Any]) -> str:
    return f"No verification of the access log has ended for {counted(facts['hours'], 'hour')}."


def _waiting(facts: Mapping[str, Any]) -> str:
    entries = counted(facts["waiting"], "entry", "entries")
    return f"{entries} of the access log wait for a seal, the oldest for {counted(facts['minutes'], 'minute')}."


def register() -> None:
    """Make them known."""

    def seal_page(subject: str) -> str:
        return url_for("seals.seal")

    def person_page(subject: str) -> str:
        return url_for("following.person", user_id=subject)

    for kind in (
        Kind(
            "verification_failed", "The access log was changed, or its seals were", _faults,
            "Open Seal, print what was found and tell the operator. No page of the portal changes the log. Verify again"
            " once the cause is known.",
            verification_failed, seal_page, "Open Seal",
        ),
        Kind(
            "verification_late", "The access log is not verified any more", _hours,
            "Open Seal and choose Verify now. Tell the operator that the sealer does not verify.",
            verification_late, seal_page, "Open Seal",
        ),
        Kind(
            "sealing_stopped", "The access log is not sealed any more", _waiting,
            "Tell the operator that the sealer is not running or cannot write. Entries are kept and will be sealed when"
            " it runs again; until then nothing proves that they are untouched.",
            sealing_stopped, seal_page, "Open Seal",
        ),
        Kind(
            "volume", "Somebody did unusually much", volume.says,
            "Look through what they did, ask them or whoever they work for, and write down what came of it. Access is"
            " withdrawn under Users’ access.",
            volume.unusual, person_page, "What they saw and did", about="user",
        ),
    ):  # fmt: skip
        registry.register(kind)
