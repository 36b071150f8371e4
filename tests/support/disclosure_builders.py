"""Disclosures, requests and cases for tests; see `builders`."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from portal.book.models import Member
from portal.businesses.models import Business
from portal.compliance.breaches.models import BreachCase, BreachNotice, CarrierTerm
from portal.compliance.disclosures.models import (
    AccountingRequest,
    MemberOffice,
    Misdelivery,
    Recipient,
    RecordedDisclosure,
)
from portal.core.crypto import encrypt
from portal.core.ids import new_id
from portal.crm.models import CrmPolicy
from portal.identity.models import User
from tests.support.builders import add


def _told(fmo_id: UUID, table: str, **told: str) -> dict[str, str]:
    return {"told": encrypt(json.dumps(told), fmo_id=fmo_id, field=f"{table}.told")}


def recipient(store: Session, business: Business, **values: Any) -> Recipient:
    """Who a Business was."""
    told = {"name": business.name, "contact": "Ann Agent, OH", "npns": ["1001"], **values}
    return add(store, Recipient(fmo_id=business.fmo_id, id=new_id(), recipient_id=business.id, **told))


def misdelivery(store: Session, copy: CrmPolicy, **values: Any) -> Misdelivery:
    """A delivery that waits for a judgement."""
    told = {"carrier": copy.carrier, "npn": copy.npn, "new_npn": "1002", "cause": "file", "verdict": "possible"}
    of = {"policy_id": copy.policy_id, "member_id": copy.member_id, "delivered_run_id": copy.added_run_id}
    row = {"recipient_id": copy.business_id, **of, **told, **values}
    return add(store, Misdelivery(fmo_id=copy.fmo_id, id=new_id(), **row))


def recorded(
    store: Session, member: Member, by: User, word: str = "the county court", **values: Any
) -> RecordedDisclosure:
    """A disclosure outside the portal."""
    told = {"disclosed_on": date(2026, 3, 3), "kind": "court", "recorded_by": by.id, "recorded_name": by.name}
    sealed = _told(
        member.fmo_id, "recorded_disclosure", recipient=word, address="1 Court Way", what="Plan", purpose="Subpoena"
    )
    row = {**told, **sealed, **values}
    return add(store, RecordedDisclosure(fmo_id=member.fmo_id, id=new_id(), member_id=member.id, **row))


def request(store: Session, member: Member, by: User, word: str = "Mae, 1 Elm St", **values: Any) -> AccountingRequest:
    """A request for an accounting, received today."""
    today = datetime.now(UTC).date()
    days = {"received_on": today, "due_on": today + timedelta(days=60), "first_day": today - timedelta(days=2000)}
    named = {"recorded_by": by.id, "recorded_name": by.name, "last_day": today}
    row = {**days, **named, **_told(member.fmo_id, "accounting_request", send_to=word), **values}
    return add(store, AccountingRequest(fmo_id=member.fmo_id, id=new_id(), member_id=member.id, **row))


def case(store: Session, business: Business, by: User, **values: Any) -> BreachCase:
    """A case of wrong delivery over the last day and the next."""
    now = datetime.now(UTC)
    told = {"title": f"Case of {business.name}", "recipient_id": business.id, "recipient_name": business.name}
    span = {"since": now - timedelta(days=1), "until": now + timedelta(days=1), "discovered_on": now.date()}
    factors = _told(business.fmo_id, "breach_case", nature=f"Names of members of {business.name}")
    row = {**told, **span, **factors, "opened_by": by.id, "opened_name": by.name, **values}
    return add(store, BreachCase(fmo_id=business.fmo_id, id=new_id(), **row))


def notice(store: Session, case: BreachCase, **values: Any) -> BreachNotice:
    """That a carrier was told."""
    told = {
        "carrier": "humana",
        "members": 1,
        "sent_on": case.discovered_on,
        "sent_to": "desk",
        "recorded_name": "O",
        **values,
    }
    return add(store, BreachNotice(fmo_id=case.fmo_id, id=new_id(), case_id=case.id, **told))


def term(store: Session, fmo_id: UUID, carrier: str = "humana", **values: Any) -> CarrierTerm:
    """What a carrier's contract says."""
    told = {"days": 5, "contact": "privacy@carrier.example", "changed_name": "O", **values}
    return add(store, CarrierTerm(fmo_id=fmo_id, id=new_id(), carrier=carrier, **told))


def member_office(store: Session, fmo_id: UUID, **values: Any) -> MemberOffice:
    """Where the FMO's members write and call."""
    told = {"name": "Privacy office", "address": "1 Elm St\nAlbany, NY 12201", "phone": "(212) 555-0143", **values}
    return add(store, MemberOffice(fmo_id=fmo_id, id=fmo_id, changed_name="O", **told))
