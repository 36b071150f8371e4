"""The policies that a run marked as missing, as a CSV file."""

from __future__ import annotations

from portal.book import words
from portal.book.absence import queries
from portal.book.absence.events import MISSING_EXPORTED
from portal.book.models import FeedRun
from portal.core import access
from portal.core.csv_file import csv_text
from portal.downline import queries as downline

COLUMNS = (
    "policy_number", "carrier", "writing_npn", "writing_agent", "status", "effective_date", "term_date",
    "missing_since", "still_missing",
)  # fmt: skip


def missing_csv(run: FeedRun) -> str:
    """One line a policy, without names of members. The download is logged with whose policies it holds."""
    access.record(MISSING_EXPORTED, kind="feed", ids=[run.id])
    found = queries.marked_by(run.id)
    agents = downline.by_npns({policy.writing_npn for _, policy in found if policy.writing_npn})
    rows = []
    for absence, policy in found:
        agent = agents.get(policy.writing_npn or "")
        rows.append((
            policy.policy_number, words.carrier(policy.carrier), policy.writing_npn, agent.name if agent else None,
            words.status(policy.status)[0], policy.effective_date, policy.term_date, absence.missing_from,
            "yes" if absence.until is None else "no",
        ))  # fmt: skip
    return csv_text(COLUMNS, rows)
