"""Counting the whole book against all accounts: one statement, so that every figure is of the same moment."""

from __future__ import annotations

from collections import Counter, defaultdict
from uuid import UUID

from sqlalchemy import text

from portal.core.unseen import unseen
from portal.extensions import db
from portal.sync.sums.tally import Copies, Counted, Tally

# Policies of a person whom the agent removed are not copied again: no copy tells of them.
_LEFT_OUT = """
SELECT DISTINCT k.business_id, p.id AS policy_id, p.writing_npn AS npn
FROM contact k
JOIN contact_source s ON s.fmo_id = :fmo AND s.business_id = k.business_id AND s.contact_id = k.id
JOIN policy p ON p.fmo_id = :fmo AND p.member_id = s.member_id
JOIN business_npn n ON n.fmo_id = :fmo AND n.business_id = k.business_id AND n.npn = p.writing_npn AND n.until IS NULL
WHERE k.fmo_id = :fmo AND k.removed_at IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM crm_policy c WHERE c.fmo_id = :fmo AND c.business_id = k.business_id
                  AND c.policy_id = p.id AND c.released_at IS NULL)
"""
_COPIES = "FROM crm_policy WHERE fmo_id = :fmo AND released_at IS NULL"
# The book and the copies are counted in their indexes alone, NPN by NPN: a copy stands under the NPN of its policy.
_COUNT = f"""
WITH left_out AS MATERIALIZED ({_LEFT_OUT})
SELECT 'book' AS what, p.writing_npn AS npn, NULL::uuid AS business_id, count(*) AS policies, 0 AS several,
       0 AS removed, 0 AS gone
FROM policy p WHERE p.fmo_id = :fmo GROUP BY p.writing_npn
UNION ALL
SELECT 'held', npn, NULL, count(*) FILTER (WHERE living > 0), count(*) FILTER (WHERE living > 1),
       count(*) FILTER (WHERE removed > 0), count(*) FILTER (WHERE living = 0)
FROM (SELECT min(npn) AS npn, count(*) FILTER (WHERE removed_at IS NULL) AS living, count(removed_at) AS removed
      {_COPIES} GROUP BY policy_id) c GROUP BY npn
UNION ALL
SELECT 'held', o.npn, NULL, 0, 0, count(*) FILTER (WHERE c.removed = 0),
       count(*) FILTER (WHERE c.removed = 0 AND c.living = 0)
FROM (SELECT DISTINCT policy_id, npn FROM left_out) o CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE removed_at IS NULL) AS living, count(removed_at) AS removed
  {_COPIES} AND policy_id = o.policy_id) c GROUP BY o.npn
UNION ALL
SELECT 'copies', npn, business_id, count(*) FILTER (WHERE removed_at IS NULL), 0, count(removed_at), 0
{_COPIES} GROUP BY business_id, npn
UNION ALL
SELECT 'copies', npn, business_id, 0, 0, count(*), 0 FROM left_out GROUP BY business_id, npn
UNION ALL
SELECT 'served', npn, business_id, 0, 0, 0, 0 FROM business_npn WHERE fmo_id = :fmo AND until IS NULL
UNION ALL
SELECT 'known', npn, NULL, 0, 0, 0, 0 FROM producer WHERE fmo_id = :fmo
"""
_STRAYS = """
SELECT count(*) FROM crm_policy c LEFT JOIN policy p ON p.fmo_id = :fmo AND p.id = c.policy_id
WHERE c.fmo_id = :fmo AND c.released_at IS NULL AND p.writing_npn IS DISTINCT FROM c.npn
"""


def count(fmo_id: UUID) -> Tally:
    """Everything that the page of sums shows, counted now. No row of anybody is shown by it."""
    policies: Counter[str | None] = Counter()
    held: defaultdict[str | None, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    copies: list[Copies] = []
    owners: defaultdict[str, list[UUID]] = defaultdict(list)
    known: set[str] = set()
    with unseen("count"):
        rows = db.session.execute(text(_COUNT), {"fmo": fmo_id}).all()
    for what, npn, business_id, *counts in rows:
        if what == "book":
            policies[npn] = counts[0]
        elif what == "held":
            held[npn] = [one + more for one, more in zip(held[npn], counts, strict=True)]
        elif what == "copies":
            copies.append(Copies(business_id, npn, living=counts[0], removed=counts[2]))
        elif what == "served":
            owners[npn].append(business_id)
        else:
            known.add(npn)
    book = [_counted(npn, policies[npn], held[npn], known=npn in known) for npn in {*policies, *held}]
    return Tally(book, copies, dict(owners))


def _counted(npn: str | None, policies: int, held: list[int], *, known: bool) -> Counted:
    living, several, removed, gone = held
    return Counted(npn, policies, living, several, removed, gone, known)


def strays(fmo_id: UUID) -> int:
    """How many copies do not stand under the NPN that wrote their policy; looks at each of them, which takes longer."""
    with unseen("count"):
        return int(db.session.execute(text(_STRAYS), {"fmo": fmo_id}).scalar_one())
