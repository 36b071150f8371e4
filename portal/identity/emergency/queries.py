"""Which emergency access holds now, and which wait for an officer."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select

from portal.compliance.models import AccessEntry
from portal.core.permissions import Permission, may
from portal.core.scope import Role, Scope
from portal.core.session import open_session
from portal.extensions import db
from portal.identity.emergency.models import EmergencyAccess

SHOWN = 200


def _living() -> ColumnElement[bool]:
    return and_(EmergencyAccess.ended_at.is_(None), EmergencyAccess.until > func.now())


def of_request(at_work: Scope, identity: Scope) -> EmergencyAccess | None:
    """The access that the person of `at_work` holds in this very session, as the login `identity` sees it."""
    if not may(at_work, Permission.EMERGENCY_ASK) or at_work.session_id is None:
        return None
    mine = (
        EmergencyAccess.fmo_id == at_work.fmo_id,
        EmergencyAccess.user_id == at_work.actor_id,
        EmergencyAccess.session_id == at_work.session_id,
    )
    with open_session(identity) as work:
        return work.scalar(select(EmergencyAccess).where(*mine, _living()))


def of_person(at_work: Scope) -> EmergencyAccess | None:
    """The access that the person at work holds, for the banner of their pages; None for whoever cannot hold one."""
    if at_work.role is not Role.EMERGENCY and not may(at_work, Permission.EMERGENCY_ASK):
        return None
    mine = (EmergencyAccess.user_id == at_work.actor_id, EmergencyAccess.session_id == at_work.session_id)
    return db.session.scalar(select(EmergencyAccess).where(*mine, _living()))


def open_of(user_id: UUID | None) -> EmergencyAccess | None:
    """The access of a member of the staff that nobody has ended, from whichever session."""
    return db.session.scalar(
        select(EmergencyAccess).where(EmergencyAccess.user_id == user_id, EmergencyAccess.ended_at.is_(None))
    )


def all_of_them() -> Sequence[EmergencyAccess]:
    """The FMO's, those that nobody judged yet first, then the newest, at most 200."""
    judged = EmergencyAccess.reviewed_at.is_not(None)
    query = select(EmergencyAccess).order_by(judged, EmergencyAccess.asked_at.desc(), EmergencyAccess.id.desc())
    return db.session.scalars(query.limit(SHOWN)).all()


def waiting() -> int:
    """How many nobody has judged yet, those that still run included."""
    query = select(func.count()).select_from(EmergencyAccess).where(EmergencyAccess.reviewed_at.is_(None))
    return db.session.scalar(query) or 0


def contacts_read(access: EmergencyAccess) -> int:
    """How many different contacts were seen under it, by the log."""
    seen = (
        select(func.unnest(AccessEntry.subject_ids).label("id"))
        .where(
            AccessEntry.at >= access.asked_at,
            AccessEntry.actor_id == access.user_id,
            AccessEntry.subject_kind == "contact",
            AccessEntry.outcome == "done",
            AccessEntry.detail["emergency"].astext == str(access.id),
        )
        .subquery()
    )
    return db.session.scalar(select(func.count(seen.c.id.distinct()))) or 0
