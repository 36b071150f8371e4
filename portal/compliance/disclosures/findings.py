"""What is found about deliveries: kept beside the log, and told in it where a delivery becomes accountable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, Uuid, any_, insert, literal, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY

from portal.compliance.disclosures.events import MISDELIVERED, RIGHTLY_DELIVERED
from portal.compliance.disclosures.models import RIGHT, WRONG, Misdelivery
from portal.compliance.models import AccessEntry
from portal.compliance.operations import row
from portal.core import access, clock, scope
from portal.core.access import Entry
from portal.core.crypto import decrypt, encrypt
from portal.core.ids import new_id
from portal.core.models import table_of
from portal.extensions import db

NOTE = "misdelivery.note"


@dataclass(frozen=True, slots=True)
class Judged:
    """A delivery and what is to be said of it; `cause` is a key of words.CAUSES."""

    recipient_id: UUID
    policy_id: UUID
    member_id: UUID
    carrier: str
    npn: str
    new_npn: str | None
    delivered_run_id: UUID
    cause: str
    verdict: str


def keep(found: Sequence[Judged], *, by_case: tuple[UUID, str] | None = None) -> None:
    """Keep what the book itself says of deliveries; each wrong one gets its entry. The logins here cannot read back.

    `by_case`: what an officer found in the case of that id, with a note.
    """
    if not found:
        return
    at_work = scope.current()
    ids = [new_id() for _ in found]
    said = _by_case(*by_case) if by_case else {}
    kept = [{"fmo_id": scope.fmo_id(), "id": key, **_columns(one), **said} for key, one in zip(ids, found, strict=True)]
    db.session.execute(postgresql.insert(table_of(Misdelivery)).inline().on_conflict_do_nothing(), kept)
    entries = [
        row(_entry(one, key), replace(at_work, business_id=one.recipient_id))
        for key, one in zip(ids, found, strict=True)
        if one.verdict == WRONG
    ]
    if entries:
        db.session.execute(insert(AccessEntry).inline(), entries)


def _by_case(case_id: UUID, note: str) -> dict[str, Any]:
    sealed = encrypt(note, fmo_id=scope.fmo_id(), field=NOTE)
    return {"case_id": case_id, "note": sealed, **_decided()}


def _decided() -> dict[str, Any]:
    by = scope.current()
    return {"decided_by": by.actor_id, "decided_name": by.actor_name, "decided_at": clock.now()}


def _columns(one: Judged) -> dict[str, Any]:
    return {name: getattr(one, name) for name in Judged.__slots__}


def _entry(one: Judged, key: UUID) -> Entry:
    return Entry(
        MISDELIVERED,
        "policy",
        [one.policy_id],
        {one.member_id},
        reason=one.cause,
        detail=_detail(one.recipient_id, one.delivered_run_id, key),
    )


def _detail(recipient_id: UUID, run_id: UUID, key: UUID) -> dict[str, Any]:
    return {"business": str(recipient_id), "delivered_run": str(run_id), "misdelivery": str(key)}


def decide(found: Sequence[Misdelivery], *, wrong: bool, note: str) -> None:
    """Keep an officer's decision about deliveries, also against an earlier one; the log keeps them all."""
    fmo_id = scope.fmo_id()
    sealed = encrypt(note, fmo_id=fmo_id, field=NOTE)
    table = table_of(Misdelivery)
    db.session.execute(
        update(table)
        .where(table.c.fmo_id == fmo_id, table.c.id == any_(_array([one.id for one in found])))
        .values(verdict=WRONG if wrong else RIGHT, note=sealed, **_decided())
    )
    for one in found:
        access.record(
            MISDELIVERED if wrong else RIGHTLY_DELIVERED,
            kind="policy",
            ids=[one.policy_id],
            members={one.member_id},
            reason=one.cause,
            **_detail(one.recipient_id, one.delivered_run_id, one.id),
        )


def _array(ids: Sequence[UUID]) -> BindParameter[list[UUID]]:
    return literal(list(ids), ARRAY(Uuid))


def decide_all(ids: Sequence[UUID], *, wrong: bool, note: str) -> None:
    """The same for deliveries by the ids of what was found of them."""
    if ids:
        decide(
            db.session.scalars(select(Misdelivery).where(Misdelivery.id == any_(_array(ids)))).all(),
            wrong=wrong,
            note=note,
        )


def notes(one: Misdelivery) -> str | None:
    """What an officer wrote about a delivery."""
    return decrypt(one.note, fmo_id=one.fmo_id, field=NOTE) if one.note else None
