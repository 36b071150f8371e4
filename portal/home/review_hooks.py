"""What reviews of the log ask of the rooms above it: officers, who is related to whom, and runs that failed.

Names, addresses and phones are compared where they are, by the login of the jobs; nothing but ids and words leaves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from portal.businesses import queries as businesses
from portal.compliance.reviews import people, registry
from portal.compliance.reviews.kinds import members, parts
from portal.compliance.reviews.kinds.members import Pair
from portal.compliance.reviews.registry import Found, Period
from portal.connectors.ladder import name_key
from portal.core import clock
from portal.core.scope import Login, Role, Scope
from portal.core.session import TenantSession, open_session
from portal.core.words import counted
from portal.extensions import db
from portal.home import statements
from portal.identity.models import User
from portal.sync.models import MISSED, SyncRun

AT_ONCE = 20_000
SURNAME, HOUSEHOLD = "the user’s surname", "the user’s address, e-mail address or phone"


def register() -> None:
    """Register all of them."""
    people.register(officers)
    members.register_related(related)
    registry.register(
        "sync_runs",
        "Policy Sync that failed",
        "Runs of Policy Sync that failed or were cancelled, by Business and day.",
        failed_runs,
    )


def officers() -> list[tuple[UUID, str]]:
    """The compliance officers who may sign in, by name."""
    active = (User.role == Role.COMPLIANCE, User.state == "active", User.suspended_at.is_(None))
    query = select(User).where(*active).order_by(User.last_name, User.first_name, User.id)
    return [(user.id, user.name) for user in db.session.scalars(query)]


def _as_jobs(fmo_id: UUID) -> Scope:
    return Scope(login=Login.JOBS, role=Role.SYSTEM, fmo_id=fmo_id, actor_name="Portal jobs")


def related(fmo_id: UUID, pairs: Sequence[Pair]) -> dict[Pair, str]:
    """Which of these members stand near to the user beside them, and how."""
    found: dict[Pair, str] = {}
    with open_session(_as_jobs(fmo_id)) as session:
        wanted = {user for user, _ in pairs}
        users = session.scalars(select(User).where(User.id.in_(wanted))).all()
        keys = {user.id: name_key(user.last_name) for user in users}
        for start in range(0, len(pairs), AT_ONCE):
            found |= _related(session, [pair for pair in pairs[start : start + AT_ONCE] if keys.get(pair[0])], keys)
    return found


def _related(session: TenantSession, pairs: Sequence[Pair], keys: dict[UUID, str]) -> dict[Pair, str]:
    rows = statements.related(
        session,
        users=[user for user, _ in pairs],
        members=[member for _, member in pairs],
        surnames=[keys[user] for user, _ in pairs],
    )
    return {(row.user_id, row.member_id): SURNAME if row.surname else HOUSEHOLD for row in rows}


def failed_runs(period: Period) -> Iterable[Found]:
    """Runs that failed or were cancelled, one finding for each Business and day."""
    zone = ZoneInfo(period.rules.zone)
    over_at = func.coalesce(SyncRun.finished_at, SyncRun.requested_at).label("at")
    when = (SyncRun.status.in_(MISSED), over_at >= period.begin, over_at < period.end)
    with open_session(_as_jobs(period.fmo_id)) as session:
        query = select(SyncRun.business_id, over_at, SyncRun.status).where(*when).order_by(over_at)
        rows = session.execute(query.execution_options(unlogged="runs, no policies")).all()
    days: dict[tuple[UUID, object], list[tuple[datetime, str]]] = {}
    for row in rows:
        place = (row.business_id, row.at.astimezone(zone).date())
        days.setdefault(place, []).append((row.at, row.status))
    names = businesses.by_ids([business_id for business_id, _ in days])
    for (business_id, _), runs in days.items():
        name = names[business_id].name if business_id in names else "A Business"
        yield _of_runs(business_id, name, runs, zone)


def _of_runs(business_id: UUID, name: str, runs: Sequence[tuple[datetime, str]], zone: ZoneInfo) -> Found:
    first, last = runs[0][0], runs[-1][0]
    day = first.astimezone(zone).date()
    counts = {state: sum(status == state for _, status in runs) for state in MISSED}
    said = " and ".join(f"{counted(count, 'run')} {state}" for state, count in counts.items() if count)
    span = {"from": clock.local(first).date().isoformat(), "to": clock.local(last).date().isoformat()}
    return Found(
        key=f"{business_id} {day.isoformat()}",
        why=parts.sentence(f"{said}; an account keeps what it had"),
        actor_id=None,
        actor_name=name,
        role=Role.SYSTEM.value,
        day=day,
        first_at=first,
        last_at=last,
        entries=len(runs),
        figures=counts,
        filters={"business": str(business_id), **span},
    )
