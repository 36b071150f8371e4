"""Counts of the FMO's own book for what is shown before a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

_BOOK = """
SELECT carrier, coalesce(product, line_of_business, '') AS product, status, writer_source = 'crosswalk' AS crosswalk,
       count(*) AS policies
FROM policy WHERE fmo_id = :fmo AND writing_npn = ANY(:npns) GROUP BY 1, 2, 3, 4
"""
_ELSEWHERE = """
SELECT n.npn, b.id AS business_id, b.name AS business
FROM business_npn n JOIN business b ON b.fmo_id = n.fmo_id AND b.id = n.business_id
WHERE n.fmo_id = :fmo AND n.npn = ANY(:npns) AND n.until IS NULL AND b.id IS DISTINCT FROM CAST(:business AS uuid)
ORDER BY b.name, n.npn
"""


def book(session: Session, fmo_id: UUID, npns: Sequence[str]) -> dict[str, Any]:
    """by_carrier, by_product, by_status and by_crosswalk of the policies under `npns`."""
    found = session.execute(text(_BOOK), {"fmo": fmo_id, "npns": list(npns)}).mappings().all()
    told: dict[str, Any] = {"by_crosswalk": sum(int(row["policies"]) for row in found if row["crosswalk"])}
    for name in ("carrier", "product", "status"):
        counts: dict[str, int] = {}
        for row in found:
            counts[row[name]] = counts.get(row[name], 0) + int(row["policies"])
        told[f"by_{name}"] = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return told


def elsewhere(session: Session, fmo_id: UUID, npns: Sequence[str], business_id: UUID | None) -> list[dict[str, Any]]:
    """[{npn, business_id, business}] of the other Businesses that have one of `npns`."""
    known = {"fmo": fmo_id, "npns": list(npns), "business": business_id}
    rows = session.execute(text(_ELSEWHERE), known).mappings()
    return [{**row, "business_id": str(row["business_id"])} for row in rows]
