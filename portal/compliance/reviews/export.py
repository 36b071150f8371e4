"""A signed review to be taken along: a table for people, and a file that proves itself."""

from __future__ import annotations

import json
from typing import Any

from portal.compliance import sentences
from portal.compliance.reviews import events, proof, queries, registry
from portal.compliance.reviews.models import Review, ReviewFinding
from portal.compliance.seals import signing
from portal.compliance.seals.chain import moment
from portal.core import access
from portal.core.csv_file import csv_text

COLUMNS = (
    "review", "kind", "finding", "day", "who", "who_id", "role", "why", "entries", "first", "last", "members",
    "judgement", "note", "judged_by", "judged_at", "follow_up_by", "follow_up_until", "follow_up_outcome",
)  # fmt: skip


def csv_of(review: Review) -> str:
    """The findings as CSV, formulas made harmless; logged."""
    found = queries.all_findings(review)
    follow_ups = queries.follow_ups_of([one.id for one in found])
    rows = []
    for one in found:
        follow_up = follow_ups.get(one.id)
        told = (follow_up.owner_name, follow_up.due_on, follow_up.outcome) if follow_up else ("", "", "")
        rows.append([*_cells(review, one), *told])
    _log(review, found, "csv")
    return csv_text(COLUMNS, rows)


def _cells(review: Review, one: ReviewFinding) -> list[object]:
    return [
        review.number,
        registry.heading(one.kind),
        one.id,
        one.day,
        one.actor_name,
        one.actor_id,
        sentences.role_label(one.role),
        one.why,
        one.entries,
        moment(one.first_at),
        moment(one.last_at),
        " ".join(map(str, one.member_ids)),
        one.disposition,
        one.note,
        one.decided_name,
        moment(one.decided_at) if one.decided_at else None,
    ]


def json_of(review: Review) -> str:
    """The statement with its signature, the public key, and the findings as the lines whose digest it names; logged.

    Of an open review there are only the findings.
    """
    found = list(queries.all_findings(review))
    key = signing.public_keys().get(review.key_id or "")
    told: dict[str, Any] = {
        "statement": review.statement,
        "sha256": review.sha256,
        "key_id": review.key_id,
        "public_key": key.hex() if key else None,
        "signature": review.signature.hex() if review.signature else None,
        "findings": proof.lines_of(found),
    }
    _log(review, found, "json")
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"


def _log(review: Review, found: Any, form: str) -> None:
    members = {member for one in found for member in one.member_ids}
    access.record(
        events.EXPORTED, subject=review, kind="review", members=members or None, number=review.number, form=form
    )
