"""The account itself: how fresh it is, whom to call, which NPNs it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from portal.businesses.models import Business, BusinessNpn
from portal.core import scope
from portal.extensions import db
from portal.identity.models import Fmo


@dataclass(frozen=True, slots=True)
class Account:
    """Freshness of the carrier data, and whom to call at the FMO."""

    name: str
    fmo_name: str
    carrier_data_of: date | None
    synced_at: datetime | None
    contact_name: str | None
    contact_phone: str | None
    contact_email: str | None
    held: tuple[Business, Fmo]  # so that the session finds them again while the page is made


def account() -> Account:
    """The actor's Business with its FMO; the page's frame finds both in the session again."""
    at_work = scope.current()
    business = db.session.get_one(Business, (at_work.fmo_id, at_work.business_id))
    fmo = db.session.get_one(Fmo, at_work.fmo_id)
    return Account(
        business.name,
        fmo.name,
        business.carrier_data_of,
        business.synced_at,
        fmo.contact_name,
        fmo.contact_phone,
        fmo.contact_email,
        (business, fmo),
    )


def npns() -> Sequence[str]:
    """The NPNs that the actor sees policies of, the account's or their own."""
    at_work = scope.current()
    if at_work.limited:
        return [at_work.own_npn] if at_work.own_npn else []
    found = db.session.scalars(select(BusinessNpn.npn).where(BusinessNpn.until.is_(None)).limit(500)).all()
    return sorted(set(found), key=lambda npn: (len(npn), npn))
