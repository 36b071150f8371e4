"""Counting the whole book against all accounts: one statement, so that every figure is of the same moment."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from sqlalchemy import text

from portal.extensions import db
from portal.sync.sums.tally import Copies, Counted, Tally

# For this transaction only: with less the join of the book with its copies goes through the disk.
_TUNE = "SELECT set_config('work_mem', '128MB', true), set_config('jit', 'off', true)"

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
_COUNT = f"""
WITH left_out AS MATERIALIZED ({_LEFT_OUT}),
held AS (
  SELECT policy_id, count(*) FILTER (WHERE removed_at IS NULL) AS living, count(removed_at) AS removed
  {_COPIES} GROUP BY policy_id),
book AS (
  SELECT p.writing_npn AS npn, count(*) AS policies,
         count(*) FILTER (WHERE h.living > 0) AS held, count(*) FILTER (WHERE h.living > 1) AS several,
         count(*) FILTER (WHERE h.removed > 0 OR o.policy_id IS NOT NULL) AS removed,
         count(*) FILTER (WHERE (h.removed > 0 OR o.policy_id IS NOT NULL) AND coalesce(h.living, 0) = 0) AS gone
  FROM policy p LEFT JOIN held h ON h.policy_id = p.id
  LEFT JOIN (SELECT DISTINCT policy_id FROM left_out) o ON o.policy_id = p.id
  WHERE p.fmo_id = :fmo GROUP BY p.writing_npn)
SELECT 'book' AS what, npn, NULL::uuid AS business_id, policies, held, several, removed, gone,
       EXISTS (SELECT 1 FROM producer d WHERE d.fmo_id = :fmo AND d.npn = book.npn) AS known FROM book
UNION ALL
SELECT 'copies', npn, business_id, count(*) FILTER (WHERE removed_at IS NULL), 0, 0, count(removed_at), 0, false
{_COPIES} GROUP BY business_id, npn
UNION ALL
SELECT 'copies', npn, business_id, 0, 0, 0, count(*), 0, false FROM left_out GROUP BY business_id, npn
UNION ALL
SELECT 'npn', npn, business_id, 0, 0, 0, 0, 0, false FROM business_npn WHERE fmo_id = :fmo AND until IS NULL
UNION ALL
SELECT 'accounts', NULL, NULL, count(DISTINCT policy_id), 0, 0, 0, 0, false {_COPIES} AND removed_at IS NULL
"""


def count(fmo_id: UUID) -> Tally:
    """Everything that the page of sums shows, counted now. No row of anybody is shown by it."""
    db.session.execute(text(_TUNE))
    book: list[Counted] = []
    copies: list[Copies] = []
    owners: defaultdict[str, list[UUID]] = defaultdict(list)
    accounts = 0
    for row in db.session.execute(text(_COUNT), {"fmo": fmo_id}):
        if row.what == "book":
            book.append(Counted(row.npn, row.policies, row.held, row.several, row.removed, row.gone, row.known))
        elif row.what == "copies":
            copies.append(Copies(row.business_id, row.npn, row.policies, row.removed))
        elif row.what == "npn":
            owners[row.npn].append(row.business_id)
        else:
            accounts = row.policies
    return Tally(book, copies, dict(owners), accounts)
