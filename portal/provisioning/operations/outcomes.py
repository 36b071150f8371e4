"""One Complete for many accounts counts once, and what it did can be looked at again."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from portal.core import clock
from portal.core.scope import Scope
from portal.extensions import db
from portal.provisioning.models import BulkOutcome

KEPT = timedelta(days=30)


def begin(outcome_id: UUID, kind: str, *, by: Scope) -> BulkOutcome | None:
    """Note that the form with this id is being done; None where it was done already, by a click or reload before.

    Whoever sends it at the same moment waits for the other. What is older than `KEPT` is forgotten.
    """
    db.session.execute(delete(BulkOutcome).where(BulkOutcome.at < clock.now() - KEPT))
    values = {"fmo_id": by.fmo_id, "id": outcome_id, "kind": kind, "by_name": by.actor_name}
    made = insert(BulkOutcome).values(values).on_conflict_do_nothing(index_elements=["fmo_id", "id"])
    if db.session.scalar(made.returning(BulkOutcome.id)) is None:
        return None
    return db.session.get_one(BulkOutcome, (by.fmo_id, outcome_id))
