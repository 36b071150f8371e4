"""Cases of wrong delivery, whom they were told to, and the carriers' terms."""

from __future__ import annotations

import json
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select

from portal.compliance.breaches.models import BreachCase, BreachNotice, CarrierTerm
from portal.core.crypto import decrypt
from portal.extensions import db

SHOWN = 200


def cases() -> Sequence[BreachCase]:
    """The FMO's, open ones first, then the newest; at most 200."""
    closed = BreachCase.closed_at.is_not(None)
    query = select(BreachCase).order_by(closed, BreachCase.opened_at.desc(), BreachCase.id.desc())
    return db.session.scalars(query.limit(SHOWN)).all()


def open_cases() -> int:
    """How many are not closed."""
    query = select(func.count()).select_from(BreachCase).where(BreachCase.closed_at.is_(None))
    return db.session.scalar(query) or 0


def notices(case_id: UUID) -> dict[str, BreachNotice]:
    """By carrier, that it was told of a case."""
    found = db.session.scalars(select(BreachNotice).where(BreachNotice.case_id == case_id))
    return {one.carrier: one for one in found}


def terms() -> dict[str, CarrierTerm]:
    """By carrier, what its contract says."""
    return {one.carrier: one for one in db.session.scalars(select(CarrierTerm).order_by(CarrierTerm.carrier))}


def written(case: BreachCase) -> dict[str, str]:
    """What officers wrote in a case: the four factors, why they concluded, and notes."""
    if case.told is None:
        return {}
    told: dict[str, str] = json.loads(decrypt(case.told, fmo_id=case.fmo_id, field="breach_case.told"))
    return told
