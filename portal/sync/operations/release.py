"""Taking away never waits: copies leave the accounts in the transaction that moved the policy or closed the NPN."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from portal.compliance.disclosures import findings
from portal.core import scope
from portal.core.unseen import unseen
from portal.crm.duplicates.finding import look_again
from portal.crm.statements import contacts_lock
from portal.extensions import db
from portal.sync.statements import account, judging, leave, locks, log

MOVED, NPN_LEFT = "moved", "npn_left"


def release_policies(policy_ids: Iterable[UUID]) -> int:
    """Release every copy of these policies that its Business may no longer hold, in all accounts of the FMO.

    A copy stays where the new writing NPN is one of the Business too, and carries that NPN at once. Gives the number of
    copies released. Call after the new writers are written, in their transaction; waits for runs that are copying.
    Deliveries that were wrong, or may have been, are kept.
    """
    wanted = list(policy_ids)
    if not wanted:
        return 0
    fmo_id = _begin()
    with unseen("release"):
        for business_id in account.holding(fmo_id, wanted):
            contacts_lock.hold(business_id)
        taken = leave.release(fmo_id, "policies", MOVED, policies=wanted)
        judged = judging.judge(fmo_id, taken)
    findings.keep(judged)
    return _told(taken, MOVED)


def release_npn(business_id: UUID, npn: str) -> int:
    """Release the Business's copies under `npn`, which has just been closed there; gives their number.

    An officer is asked whether they were rightly delivered: the NPN may have been given to the account by mistake.
    """
    fmo_id = _begin()
    contacts_lock.hold(business_id)
    with unseen("release"):
        taken = leave.release(fmo_id, "npn", NPN_LEFT, business=business_id, npn=npn)
        judged = judging.judge_npn(fmo_id, taken)
    findings.keep(judged)
    return _told(taken, NPN_LEFT)


def _told(taken: list[leave.Taken], reason: str) -> int:
    log.released(taken, reason=reason)
    for business_id in sorted({one.business_id for one in taken}):
        look_again(business_id)
    return len(taken)


def _begin() -> UUID:
    db.session.flush()
    fmo_id = scope.fmo_id()
    locks.own_writers(fmo_id)
    return fmo_id
