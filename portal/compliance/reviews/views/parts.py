"""What the pages of the reviews have in common."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, url_for

from portal.compliance import sentences
from portal.compliance.reviews import kinds as kinds  # registers what this room finds
from portal.compliance.reviews import queries, registry
from portal.compliance.reviews.forms import DISPOSITIONS
from portal.compliance.reviews.models import Review, ReviewFinding

bp = Blueprint("reviews", __name__, url_prefix="/compliance/reviews")
TONES = {"fine": "good", "follow_up": "warn", "incident": "bad"}


def state(finding: ReviewFinding) -> tuple[str, str]:
    """(word, tone) of what was made of a finding."""
    if finding.disposition is None:
        return "To be judged", "neutral"
    if finding.grown:
        return f"{DISPOSITIONS[finding.disposition]}, and more since", "warn"
    return DISPOSITIONS[finding.disposition], TONES[finding.disposition]


def entries_href(finding: ReviewFinding) -> str:
    """Where the entries of a finding are: the one of a sample, else the log under its filters."""
    if entry := finding.figures.get("entry"):
        return url_for("compliance.entry", entry_id=entry)
    return url_for("compliance.log", **finding.filters)


def day_heading(review: Review) -> str:
    """What stands above the days of findings: they are those of the office, while the log may be shown in others."""
    zone = review.rules.get("zone")
    return f"Day ({zone.rpartition('/')[2].replace('_', ' ')})" if zone else "Day"


def breach_href() -> str | None:
    """Where a case of wrong delivery is opened, if this portal has the pages for it."""
    return url_for("breaches.new_case") if "breaches.new_case" in current_app.view_functions else None


def words() -> dict[str, Any]:
    """What the templates ask about findings."""
    return {
        "state": state,
        "entries_href": entries_href,
        "day_heading": day_heading,
        "breach_href": breach_href,
        "heading": registry.heading,
        "role_label": sentences.role_label,
        "is_computing": queries.is_computing,
    }


def place(review: Review) -> str:
    """The address of a review."""
    return url_for("reviews.review", review_id=review.id)
