"""Whether a signed review is still what was signed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from portal.compliance.reviews import queries
from portal.compliance.reviews.models import Review, ReviewFinding
from portal.compliance.reviews.statement import digest, line
from portal.compliance.seals import signing
from portal.compliance.seals.signing import Signature


@dataclass(frozen=True, slots=True)
class Verdict:
    """What of the signature holds: that ours is under the statement, and that the findings are those it names."""

    signed: bool
    findings: bool
    told: dict[str, Any]  # the statement as values


def lines_of(found: list[ReviewFinding]) -> list[str]:
    """The lines of findings as they are now, in the order in which they are signed."""
    follow_ups = queries.judged_follow_ups(found)
    return [line(one, follow_ups.get(one.id)) for one in found]


def verdict(review: Review) -> Verdict:
    """Hold a signed review against its signature."""
    assert review.statement is not None and review.key_id is not None and review.signature is not None
    data = review.statement.encode()
    told: dict[str, Any] = json.loads(data)
    ours = signing.verifies(data, Signature(review.key_id, review.signature))
    same = digest(lines_of(list(queries.all_findings(review)))) == told.get("findings_sha256")
    return Verdict(ours and sha256(data).hexdigest() == review.sha256, same, told)
