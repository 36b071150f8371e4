"""Which policies a change gives to another writing agent, before it does."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from portal.book.effect import Effect
from portal.book.statements.run_sql import run

_MOVED = "FROM feed_change WHERE NOT is_new AND npn IS DISTINCT FROM old_npn"
_PAIRS = f"SELECT old_npn, npn, count(*) AS policies {_MOVED} GROUP BY old_npn, npn"
_WHICH = f"""
SELECT string_agg(policy_id || ':' || coalesce(old_npn, '') || ':' || coalesce(npn, ''), ',' ORDER BY policy_id)
{_MOVED}
"""
_DIGEST = f"SELECT encode(sha256(convert_to(coalesce(({_WHICH}), ''), 'UTF8')), 'hex')"
_HELD = "SELECT count(*) FROM policy WHERE fmo_id = :fmo AND carrier = ANY(:carriers)"


def of_feed(base: int) -> Effect:
    """What the file at work does to policies that the book has already; the writers must be resolved."""
    pairs = tuple((row.old_npn, row.npn, row.policies) for row in run(_PAIRS))
    digest: str = run(_DIGEST).scalar_one() if pairs else ""
    return Effect(pairs, base, digest)


def policies_of_carriers(fmo_id: UUID, carriers: Sequence[str]) -> int:
    """How many policies of those carriers the book has."""
    found: int = run(_HELD, fmo=fmo_id, carriers=list(carriers)).scalar_one()
    return found
