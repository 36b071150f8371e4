"""What is signed of a review, byte for byte: a statement that names the digest of every finding as it was judged."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from typing import Any
from uuid import UUID

from portal.compliance.reviews.models import FollowUp, Review, ReviewFinding
from portal.compliance.reviews.queries import OfKind
from portal.compliance.seals.chain import moment

VERSION = 1
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def line(finding: ReviewFinding, follow_up: FollowUp | None) -> str:
    """A finding as one line of canonical JSON, with who was to follow it up when it was judged."""
    told: dict[str, Any] = {
        "id": str(finding.id),
        "kind": finding.kind,
        "key": finding.key,
        "why": finding.why,
        "actor_id": _id(finding.actor_id),
        "actor_name": finding.actor_name,
        "role": finding.role,
        "day": finding.day.isoformat(),
        "first_at": moment(finding.first_at),
        "last_at": moment(finding.last_at),
        "entries": finding.entries,
        "member_ids": sorted(map(str, finding.member_ids)),
        "figures": finding.figures,
        "disposition": finding.disposition,
        "note": finding.note,
        "decided_at": moment(finding.decided_at) if finding.decided_at else None,
        "decided_by": _id(finding.decided_by),
        "decided_name": finding.decided_name,
    }
    if follow_up is not None and finding.disposition == "follow_up":
        told |= {"owner_id": _id(follow_up.owner_id), "owner": follow_up.owner_name}
        told |= {"due_on": follow_up.due_on.isoformat()}
    return _encode(told)


def digest(lines: Sequence[str]) -> str:
    """The SHA-256 of the lines of all findings, each ended by a line feed."""
    return sha256("".join(f"{one}\n" for one in lines).encode()).hexdigest()


def statement(
    review: Review, kinds: Sequence[OfKind], lines: Sequence[str], *, signer: tuple[UUID, str], **told: Any
) -> str:
    """What the signer puts their name to: what was looked at, how, what came of it, and the seals."""
    return _encode(
        {
            "what": "review of the access log",
            "version": VERSION,
            "fmo": str(review.fmo_id),
            "review": str(review.id),
            "number": review.number,
            "from": moment(review.from_at),
            "until": moment(review.until_at),
            "begun_at": moment(review.begun_at),
            "begun_by": [str(review.begun_by), review.begun_name],
            "computed_at": moment(review.computed_at) if review.computed_at else None,
            "entries": review.entries,
            "rules": review.rules,
            "looked_at": [_of_kind(kind) for kind in kinds],
            "findings": len(lines),
            "findings_sha256": digest(lines),
            "signed_by": [str(signer[0]), signer[1]],
            **told,
        }
    )


def _of_kind(kind: OfKind) -> Mapping[str, Any]:
    told = asdict(kind)
    return {key: told[key] for key in ("name", "heading", "looks_for", "findings", "follow_ups", "incidents")}


def _id(value: UUID | None) -> str | None:
    return str(value) if value else None
