"""Claiming a policy, and answering."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from portal.connectors.normalise import number_key
from portal.core import access, clock
from portal.core.ids import new_id
from portal.core.scope import Scope
from portal.extensions import db
from portal.sync.claims import queries
from portal.sync.claims.events import ANSWERED, CLAIMED
from portal.sync.claims.models import PolicyClaim
from portal.sync.claims.words import SENT_ON

A_DAY = 20


class TooMany(Exception):
    """The user has claimed as many policies as a day allows; nothing was kept."""


def claim(*, carrier: str, number: str, note: str | None, by: Scope) -> bool:
    """Put "this policy is mine" before the FMO; False where one that the actor sees waits there already, and stays.

    No policy is looked up: what happens depends on claims alone. Raises `TooMany` after twenty in a day.
    """
    # One at a time for each user, so that the count holds.
    db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(str(by.actor_id), 0))))
    if queries.waiting(carrier, number) is not None:
        return False
    if queries.made_lately() >= A_DAY:
        raise TooMany
    values: dict[str, Any] = {
        "id": new_id(),
        "fmo_id": by.fmo_id,
        "business_id": by.business_id,
        "carrier": carrier,
        "number": number,
        "number_key": number_key(number),
        "note": note or None,
        "by_id": by.actor_id,
        "by_name": by.actor_name,
    }
    made = db.session.scalar(
        insert(PolicyClaim)
        .values(**values)
        .on_conflict_do_nothing(
            index_elements=["business_id", "by_id", "carrier", "number_key"],
            index_where=PolicyClaim.answered_at.is_(None),
        )
        .returning(PolicyClaim.id)
    )
    if made is not None:
        access.record(CLAIMED, kind="policy_claim", ids=[made], carrier=carrier)
    return made is not None


def answer(claimed: PolicyClaim, *, verdict: str, words: str, by: Scope) -> bool:
    """Answer an open claim, or say that it was sent on, which leaves it open; False where it is answered already."""
    held = db.session.scalars(
        select(PolicyClaim)
        .where(PolicyClaim.business_id == claimed.business_id, PolicyClaim.id == claimed.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if held.status != "open":
        return False
    held.verdict, held.answer, held.answered_by = verdict, words, by.actor_name
    if verdict == SENT_ON:
        held.sent_on_at = clock.now()
    else:
        held.status, held.answered_at = "answered", clock.now()
    db.session.flush()
    access.record(ANSWERED, kind="policy_claim", ids=[held.id], verdict=verdict, business=str(held.business_id))
    return True
