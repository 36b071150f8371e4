"""What a run would do now, by the very statements of a run, in a transaction that is rolled back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from portal.core import scope
from portal.core.ids import new_id
from portal.core.scope import Login, Role, Scope
from portal.core.session import open_session
from portal.core.unseen import unseen
from portal.extensions import db
from portal.sync.expected import Expected
from portal.sync.operations import planning
from portal.sync.operations.planning import Plan
from portal.sync.statements import account as accounts
from portal.sync.statements import candidates, forecast, gaps, locks, steps


def rehearse(*, npns: Sequence[str], business_id: UUID | None) -> Expected:
    """What a run for an account with exactly these NPNs would do now; None: for an account that is not there yet.

    Works as a run does, under the jobs login and narrowed to the account, but writes temporary tables only and is
    rolled back: nobody waits for it, it waits for nobody, and no entry of the log comes of it. What the caller has
    written and not yet committed is not seen. Gives counts and the FMO's own values, nothing of what agents typed.
    """
    wanted = sorted(set(npns))
    fmo_id, account = scope.fmo_id(), business_id or new_id()
    at_work = Scope(login=Login.JOBS, role=Role.SYSTEM, fmo_id=fmo_id, business_id=account, actor_name="Rehearsal")
    with open_session(at_work) as session:
        locks.look_once(session)
        locks.tune(session)
        counts = _counts(session, fmo_id, account, wanted)
        told = forecast.book(session, fmo_id, wanted)
        session.rollback()
    with unseen("count"):
        missing = gaps.find(fmo_id, wanted)
    elsewhere = forecast.elsewhere(db.session(), fmo_id, wanted, business_id)
    return Expected(**counts, **told, gaps=missing, elsewhere=elsewhere)


def _counts(at: Session, fmo_id: UUID, account: UUID, npns: list[str]) -> dict[str, Any]:
    plan = planning.make(at, fmo_id, account, npns, whole=False)
    done = {name: plan.counts.get(name, 0) for name in ("added", "updated", "handed_over")}
    policies = plan.belonging - plan.staying_out
    return {
        **done,
        "policies": policies,
        "unchanged": policies - sum(done.values()),
        "released": plan.gone,
        "removed_by_agent": plan.staying_out,
        "contacts_new": plan.counts.get("contacts_new", 0),
        "contacts_linked": plan.counts.get("contacts_linked", 0),
        "possible_duplicates": candidates.count_doubts(at, fmo_id, account, plan.doubts),
        **_people(at, fmo_id, account, plan),
    }


def _people(at: Session, fmo_id: UUID, account: UUID, plan: Plan) -> dict[str, int]:
    if plan.counts:
        return steps.people_ahead(at, fmo_id, account, whole=plan.whole)
    return accounts.people(at, fmo_id, account)
