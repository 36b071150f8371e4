"""What an officer hands to an auditor: a page to print, a table, and a file that proves itself."""

from __future__ import annotations

from uuid import UUID

from flask import Response

from portal.compliance.reviews import events, export, proof, queries
from portal.compliance.reviews.models import Review
from portal.compliance.reviews.views.parts import bp, words
from portal.core import csv_file
from portal.core.fragments import page
from portal.core.lookup import find_or_404
from portal.core.permissions import Permission, allow


@bp.get("/<uuid:review_id>/print")
@allow(Permission.ACCESS_READ, events.SEEN)
def printed(review_id: UUID) -> Response:
    """The whole review on one page."""
    found = find_or_404(Review, review_id)
    findings = queries.all_findings(found)
    return page(
        "compliance/reviews/print.html",
        review=found,
        kinds=queries.by_kind(found),
        findings=findings,
        follow_ups=queries.follow_ups_of([one.id for one in findings]),
        verdict=proof.verdict(found) if found.signed_at else None,
        **words(),
    )


@bp.get("/<uuid:review_id>/findings.csv")
@allow(Permission.ACCESS_EXPORT, events.EXPORTED, fresh=True)
def table(review_id: UUID) -> Response:
    """The findings as a table."""
    found = find_or_404(Review, review_id)
    return csv_file.download(export.csv_of(found), f"review-{found.number}.csv")


@bp.get("/<uuid:review_id>/review.json")
@allow(Permission.ACCESS_EXPORT, events.EXPORTED, fresh=True)
def evidence(review_id: UUID) -> Response:
    """The signed statement with what it speaks of."""
    found = find_or_404(Review, review_id)
    return csv_file.download(export.json_of(found), f"review-{found.number}.json", "application/json")
