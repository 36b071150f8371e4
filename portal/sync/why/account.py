"""What an agent's own view says about a number: nothing beyond it is asked."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from portal.connectors.normalise import number_key
from portal.crm.models import CrmPolicy
from portal.extensions import db

SHOWN = 20


def in_view(carrier: str, number: str) -> Sequence[CrmPolicy]:
    """The policies with that carrier and number that the actor sees, the latest first; one statement, at most 20."""
    return db.session.scalars(
        select(CrmPolicy)
        .where(CrmPolicy.carrier == carrier, CrmPolicy.number_key == number_key(number))
        .order_by(CrmPolicy.effective_date.desc(), CrmPolicy.id.desc())
        .limit(SHOWN)
    ).all()
