"""Recording disclosures and requests, and answering these."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, update

from portal.compliance.disclosures import accounting, events
from portal.compliance.disclosures.accounting import Period
from portal.compliance.disclosures.models import AccountingRequest, RecordedDisclosure
from portal.core import access, clock, scope
from portal.core.crypto import encrypt
from portal.core.ids import new_id
from portal.core.models import table_of
from portal.extensions import db

DAYS, PUT_OFF_DAYS = 60, 30  # 164.528(c)(1)


def record(member_id: UUID, *, day: date, kind: str, withheld_until: date | None, **told: str | None) -> UUID:
    """Keep a disclosure outside the portal; `told`: recipient, address, what and purpose, which are kept sealed."""
    key, by = new_id(), scope.current()
    sealed = {"told": encrypt(json.dumps(told), fmo_id=scope.fmo_id(), field="recorded_disclosure.told")}
    plain: dict[str, Any] = {"disclosed_on": day, "kind": kind, "withheld_until": withheld_until}
    mine = {"fmo_id": scope.fmo_id(), "id": key, "recorded_by": by.actor_id, "recorded_name": by.actor_name}
    made = {**mine, "member_id": member_id, **plain, **sealed}
    db.session.execute(insert(table_of(RecordedDisclosure)).inline(), [made])
    access.record(events.RECORDED, kind="recorded_disclosure", ids=[key], members={member_id}, disclosed_as=kind)
    return key


def strike(found: RecordedDisclosure, why: str) -> bool:
    """Strike a recorded disclosure out; False where somebody has."""
    if found.struck_at is not None:
        return False
    found.struck_name, found.struck_at = scope.current().actor_name, clock.now()
    found.struck_reason = encrypt(why, fmo_id=found.fmo_id, field="recorded_disclosure.struck")
    access.record(events.STRUCK, kind="recorded_disclosure", ids=[found.id], members={found.member_id})
    return True


def request(member_id: UUID, *, received_on: date, asked: Period, send_to: str, note: str | None) -> UUID:
    """Keep a member's request; it is due 60 days after it came."""
    key, by, told = new_id(), scope.current(), {"send_to": send_to, "note": note}
    made = {
        "fmo_id": scope.fmo_id(),
        "id": key,
        "member_id": member_id,
        "received_on": received_on,
        "due_on": received_on + timedelta(days=DAYS),
        "first_day": asked.first,
        "last_day": asked.last,
        "told": encrypt(json.dumps(told), fmo_id=scope.fmo_id(), field="accounting_request.told"),
        "recorded_by": by.actor_id,
        "recorded_name": by.actor_name,
    }
    db.session.execute(insert(table_of(AccountingRequest)).inline(), [made])
    access.record(events.REQUESTED, kind="accounting_request", ids=[key], members={member_id})
    return key


def put_off(found: AccountingRequest, why: str) -> bool:
    """Put the answer off by 30 days, once and before it is due; False where that may no longer be."""
    if found.put_off_on is not None or found.answered_on is not None or clock.today() > found.due_on:
        return False
    found.put_off_why, found.put_off_on = why, clock.today()
    found.due_on = found.due_on + timedelta(days=PUT_OFF_DAYS)
    access.record(events.PUT_OFF, kind="accounting_request", ids=[found.id], members={found.member_id})
    return True


def answer(found: AccountingRequest) -> int | None:
    """Note that the letter as it is today was sent; the number of its lines, None where it was answered before."""
    made = accounting.of_member(found.member_id, Period(found.first_day, found.last_day))
    lines = len(made.told) if made else 0
    table = table_of(AccountingRequest)
    done = db.session.execute(
        update(table)
        .where(table.c.fmo_id == found.fmo_id, table.c.id == found.id, table.c.answered_on.is_(None))
        .values(answered_on=clock.today(), answered_name=scope.current().actor_name, lines=lines)
        .returning(table.c.id)
    ).all()
    if not done:
        return None
    db.session.expire(found)
    mine = {found.member_id}
    access.record(events.ANSWERED, kind="accounting_request", ids=[found.id], members=mine, lines=lines)
    return lines
