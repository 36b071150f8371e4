"""Figures of a plan, for the preview and for what was done."""

from __future__ import annotations

from collections.abc import Sequence

from portal.crm.uploads.plan import CANDIDATE, CREATE, DUPLICATE, MATCH, OUTCOMES, Planned


def counts(rows: Sequence[Planned]) -> dict[str, int]:
    """Figures of a plan: rows by outcome, and what the matched ones gain."""
    found = dict.fromkeys(OUTCOMES, 0)
    for one in rows:
        found[one.outcome] += 1
    filling = [one for one in rows if one.outcome == MATCH and one.same_as is None]
    taken = [one for one in rows if one.outcome in (CREATE, DUPLICATE, MATCH)]
    return {
        **found,
        "rows": len(rows),
        "single": sum(1 for one in rows if one.outcome == CANDIDATE and len(one.candidates) == 1),
        "chosen": sum(1 for one in rows if one.choice is not None),
        "same": sum(1 for one in rows if one.same_as is not None),
        "filled": sum(1 for one in filling if one.fill or one.fills_mbi),
        "replaced": sum(1 for one in taken if one.replaces),
        "values": sum(len(one.replaces) for one in taken),
        "emails": sum(1 for one in filling if "email" in one.fill),
        "phones": sum(1 for one in filling if "phone" in one.fill),
        "notes": sum(1 for one in taken if one.row.note),
        "partly": sum(1 for one in taken if one.row.problems),
    }
