"""Opening, assessing, concluding and closing cases of wrong delivery."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from portal.compliance.breaches import affected, events, queries, words
from portal.compliance.breaches.affected import Found
from portal.compliance.breaches.models import BREACH, BreachCase, BreachNotice, CarrierTerm
from portal.compliance.disclosures import findings
from portal.compliance.disclosures.findings import Judged
from portal.compliance.disclosures.models import WRONG
from portal.core import access, clock, scope
from portal.core.crypto import encrypt
from portal.core.ids import new_id
from portal.core.models import table_of
from portal.extensions import db


class NotYet(Exception):
    """What is still missing, as a sentence."""


def open_case(
    *, title: str, recipient: tuple[UUID, str], since: datetime, until: datetime, discovered_on: date,
    run_id: UUID | None, npn: str | None, every_policy: bool,
) -> UUID:  # fmt: skip
    """Open a case about an account and a time; `recipient` is the Business and its name now."""
    key, by = new_id(), scope.current()
    made: dict[str, Any] = {"fmo_id": scope.fmo_id(), "id": key, "title": title, "since": since, "until": until}
    made |= {"recipient_id": recipient[0], "recipient_name": recipient[1], "discovered_on": discovered_on}
    made |= {"run_id": run_id, "npn": npn, "every_policy": every_policy}
    made |= {"opened_by": by.actor_id, "opened_name": by.actor_name}
    db.session.execute(insert(table_of(BreachCase)).inline(), [made])
    access.record(events.OPENED, kind="breach_case", ids=[key], business=str(recipient[0]), every_policy=every_policy)
    return key


def write(case: BreachCase, told: Mapping[str, str | None]) -> None:
    """Keep what was written; factors that are now blank are taken out."""
    kept = {name: text for name, text in {**queries.written(case), **told}.items() if text}
    case.told = encrypt(json.dumps(kept), fmo_id=case.fmo_id, field="breach_case.told")


def assess(case: BreachCase, told: Mapping[str, str | None]) -> None:
    """Keep the assessment as far as it is."""
    _refuse_closed(case)
    write(case, told)
    answered = sorted(set(words.FACTORS) & set(queries.written(case)))
    access.record(events.ASSESSED, kind="breach_case", ids=[case.id], answered=answered)


def conclude(case: BreachCase, conclusion: str, why: str) -> None:
    """Keep the conclusion; raises `NotYet` while one of the four factors has no answer."""
    _refuse_closed(case)
    missing = [name for name in words.FACTORS if name not in queries.written(case)]
    if missing:
        raise NotYet("Answer all four factors and save them before you conclude. Nothing was changed.")
    write(case, {"why": why})
    case.conclusion, case.concluded_at = conclusion, clock.now()
    case.concluded_name = scope.current().actor_name
    members = {one.member_id for one in affected.deliveries_of(case)}
    access.record(
        events.CONCLUDED,
        kind="breach_case",
        ids=[case.id],
        members=members,
        conclusion=conclusion,
        affected=len(members),
    )


def tell(case: BreachCase, found: Found, *, carrier: str, sent_on: date, sent_to: str) -> None:
    """Note that a carrier of the case was told; raises `NotYet` where it is none of its, or was told before."""
    _refuse_closed(case)
    part = next((one for one in found.carriers if one.carrier == carrier), None)
    if part is None or part.notice is not None:
        raise NotYet("This carrier was told before, or is none of the case's. Nothing was changed.")
    by, members = scope.current(), {one.member_id for one in found.deliveries if one.carrier == carrier}
    row = {"fmo_id": case.fmo_id, "id": new_id(), "case_id": case.id, "carrier": carrier, "members": part.members}
    sent = {"sent_on": sent_on, "sent_to": sent_to, "recorded_name": by.actor_name}
    db.session.execute(insert(table_of(BreachNotice)).inline(), [{**row, **sent}])
    access.record(
        events.TOLD, kind="breach_case", ids=[case.id], members=members, carrier=carrier, affected=part.members
    )


def mark(case: BreachCase) -> int:
    """Find every delivery of the case wrong, so that its member is told who asks; how many were not before."""
    _refuse_closed(case)
    fresh = [one for one in affected.deliveries_of(case) if one.verdict != WRONG]
    note = f"Case of wrong delivery: {case.title}"
    judged = [
        Judged(case.recipient_id, one.policy_id, one.member_id, one.carrier, one.npn, None, one.run_id, "case", WRONG)
        for one in fresh
        if one.misdelivery_id is None
    ]
    findings.keep(judged, by_case=(case.id, note))
    findings.decide_all([one.misdelivery_id for one in fresh if one.misdelivery_id], wrong=True, note=note)
    if fresh:
        access.record(
            events.MARKED, kind="breach_case", ids=[case.id], business=str(case.recipient_id), policies=len(fresh)
        )
    return len(fresh)


def close(case: BreachCase, found: Found) -> None:
    """Close it; raises `NotYet` without a conclusion, or while a carrier of a breach was not told."""
    _refuse_closed(case)
    if case.conclusion is None:
        raise NotYet("Conclude the case before you close it.")
    if case.conclusion == BREACH and any(part.notice is None for part in found.carriers):
        raise NotYet("Not every carrier was told of this breach. Note when each was, then close the case.")
    case.closed_at, case.closed_name = clock.now(), scope.current().actor_name
    access.record(events.CLOSED, kind="breach_case", ids=[case.id])


def _refuse_closed(case: BreachCase) -> None:
    if case.closed_at is not None:
        raise NotYet("The case is closed. Nothing was changed.")


def set_term(carrier: str, *, days: int, contact: str) -> None:
    """Keep what a carrier's contract says."""
    by = scope.current().actor_name
    known = queries.terms().get(carrier)
    if known is not None:
        known.days, known.contact, known.changed_name, known.changed_at = days, contact, by, clock.now()
    else:
        row = {"fmo_id": scope.fmo_id(), "id": new_id(), "carrier": carrier, "days": days, "contact": contact}
        db.session.execute(insert(table_of(CarrierTerm)).inline(), [{**row, "changed_name": by}])
    access.record(events.TERM_SET, kind="carrier_term", carrier=carrier, days=days)
