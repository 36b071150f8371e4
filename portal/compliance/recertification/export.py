"""A recertification as files: a table of its users, and what was signed."""

from __future__ import annotations

from flask import Response

from portal.compliance import sentences
from portal.compliance.recertification import events, queries, statement
from portal.compliance.recertification.models import Recertification
from portal.core import access, csv_file

HEADER = (
    "quarter", "user_id", "name", "email", "role", "may_see_and_do", "account", "npn", "state", "last_sign_in",
    "second_factor", "decision", "decided_at", "decided_by", "note",
)  # fmt: skip


def csv_of(found: Recertification) -> Response:
    """Every user with the decision; logged."""
    lines = queries.lines_of(found)
    rows = [
        (
            found.quarter, line.user_id, line.name, line.email, sentences.role_label(line.role),
            " ".join(f"{word.rstrip('.')}." for word in found.roles.get(line.role, [])), line.account, line.npn,
            queries.STATES.get(line.state, line.state),
            line.last_sign_in_at.isoformat() if line.last_sign_in_at else None,
            "yes" if line.has_factor else "no", queries.DECISIONS[line.decision or "open"][0],
            line.decided_at.isoformat() if line.decided_at else None, line.decided_name, line.note,
        )
        for line in lines
    ]  # fmt: skip
    _note(found, len(lines))
    return csv_file.download(csv_file.csv_text(HEADER, rows), f"access-{found.quarter}.csv")


def pack_of(found: Recertification) -> Response:
    """What was signed, to be verified without the portal; logged."""
    _note(found, queries.counts([found.id])[found.id].users)
    return csv_file.download(statement.pack(found), f"access-{found.quarter}-signed.zip", "application/zip")


def _note(found: Recertification, count: int) -> None:
    access.record(events.TAKEN_ALONG, kind="recertification", ids=[found.id], quarter=found.quarter, count=count)
