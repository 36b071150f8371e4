"""Disclosures as a file for spreadsheets."""

from __future__ import annotations

from portal.compliance.disclosures.accounting import Accounting
from portal.core.csv_file import csv_text

HEADER = (
    "Date", "Until", "Recipient", "Address", "What", "Purpose", "Accountable", "Why", "Policy id", "Log entry",
    "Struck out",
)  # fmt: skip


def accounting(found: Accounting) -> str:
    """Every line, newest first."""
    return csv_text(
        HEADER,
        [
            (
                line.day, line.until, line.recipient, line.address, line.what, line.purpose,
                "Yes" if line.accountable else "No", line.why, line.policy_id, line.entry_id,
                "Yes" if line.struck else "",
            )
            for line in found.lines
        ],
    )  # fmt: skip
