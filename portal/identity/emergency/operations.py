"""Asking for emergency access, ending it, and judging it afterwards."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from portal.core import access, outbox
from portal.core.ids import new_id
from portal.core.models import table_of
from portal.core.scope import Role, Scope
from portal.extensions import db
from portal.identity.emergency import events, queries
from portal.identity.emergency.models import EmergencyAccess
from portal.identity.models import User

JOB = "tell_emergency"


class NotGiven(Exception):
    """Emergency access is not given; the text says why and what to do."""


def officers() -> list[User]:
    """Who is told: the FMO's active compliance officers."""
    active = (User.role == Role.COMPLIANCE, User.state == "active", User.suspended_at.is_(None))
    return list(db.session.scalars(select(User).where(*active).order_by(User.email)))


def ask(business_id: UUID, business_name: str, reason: str, *, by: Scope) -> tuple[EmergencyAccess, bool]:
    """Give the person of `by` an hour in one Business and tell compliance; and whether this click made it.

    A second click at the same moment gets what the first one made.

    Raises `NotGiven` where another one of theirs is open, or nobody is there to be told.
    """
    if by.session_id is None:
        raise NotGiven("Emergency access belongs to a sign-in. Sign in again and ask then.")
    if not officers():
        raise NotGiven(
            "No compliance officer of your FMO can be told, so that emergency access is not given. Nothing was changed."
            " Ask whoever runs the portal to add one."
        )
    close_past(by.actor_id)
    row = {
        "fmo_id": by.fmo_id,
        "id": new_id(),
        "business_id": business_id,
        "business_name": business_name,
        "user_id": by.actor_id,
        "user_name": by.actor_name,
        "user_role": by.role.value,
        "session_id": by.session_id,
        "reason": reason,
    }
    # Whoever clicks at the same moment waits here for the other one, and then finds it.
    table = table_of(EmergencyAccess)
    new = insert(table).values(row).on_conflict_do_nothing().returning(table.c.id)
    made = db.session.execute(new).scalar_one_or_none()
    found = queries.open_of(by.actor_id)
    if found is None or found.business_id != business_id or found.session_id != by.session_id:
        where = f" to {found.business_name}" if found else ""
        raise NotGiven(f"You already have emergency access{where}. End it before you ask for another one.")
    if made is not None:
        access.record(events.ASKED, kind="emergency", ids=[made], reason=reason, business=str(business_id))
        outbox.send_after_commit(JOB, made)
    return found, made is not None


def close_past(user_id: UUID | None = None) -> None:
    """Write down that what is past its hour has ended then; it opens nothing since."""
    past = [EmergencyAccess.ended_at.is_(None), EmergencyAccess.until <= func.now()]
    if user_id is not None:
        past.append(EmergencyAccess.user_id == user_id)
    ended = {"ended_at": EmergencyAccess.until, "ended_how": "time"}
    db.session.execute(update(EmergencyAccess).where(*past).values(ended).execution_options(synchronize_session=False))


def end(found: EmergencyAccess, how: str) -> bool:
    """End it now; False where it had ended before."""
    still = (EmergencyAccess.id == found.id, EmergencyAccess.ended_at.is_(None))
    ended = {"ended_at": func.least(func.now(), EmergencyAccess.until), "ended_how": how}
    done = db.session.execute(
        update(EmergencyAccess)
        .where(*still)
        .values(ended)
        .returning(EmergencyAccess.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if done is None:
        return False
    access.record(events.ENDED, kind="emergency", ids=[found.id], business=str(found.business_id))
    return True


def judge(found: EmergencyAccess, finding: str, note: str | None, *, by: Scope) -> bool:
    """Keep what the officer `by` makes of an access that is over; False where another one was first."""
    still = (EmergencyAccess.id == found.id, EmergencyAccess.reviewed_at.is_(None))
    words = {"reviewed_at": func.now(), "reviewed_by": by.actor_id, "reviewed_name": by.actor_name}
    done = db.session.execute(
        update(EmergencyAccess)
        .where(*still, EmergencyAccess.ended_at.is_not(None))
        .values({**words, "finding": finding, "note": note or None})
        .returning(EmergencyAccess.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if done is None:
        return False
    access.record(events.REVIEWED, kind="emergency", ids=[found.id], business=str(found.business_id), finding=finding)
    return True
