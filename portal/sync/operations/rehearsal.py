"""What a run would do now, by the very statements of a run, in a transaction that is rolled back."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text

from portal.core import scope
from portal.core.ids import new_id
from portal.core.scope import Login, Role, Scope
from portal.core.session import open_session
from portal.extensions import db
from portal.sync.expected import Expected
from portal.sync.statements import forecast, gaps

_COUNTS = """
SELECT count(*) AS policies, count(DISTINCT p.member_id) AS contacts,
       count(*) FILTER (WHERE c.id IS NULL OR c.released_at IS NOT NULL) AS added,
       count(*) FILTER (WHERE c.content_hash = p.content_hash) AS unchanged,
       count(*) FILTER (WHERE c.content_hash <> p.content_hash AND c.released_at IS NULL) AS updated,
       count(DISTINCT p.member_id) FILTER (WHERE coalesce(m.email, '') = '') AS without_email
FROM policy p JOIN member m ON m.fmo_id = :fmo AND m.id = p.member_id
LEFT JOIN crm_policy c ON c.fmo_id = :fmo AND c.business_id = :business AND c.policy_id = p.id
WHERE p.fmo_id = :fmo AND p.writing_npn = ANY(:npns)
"""


def rehearse(*, npns: Sequence[str], business_id: UUID | None) -> Expected:
    """What a run for an account with exactly these NPNs would do now; None: an account that is not there yet.

    Nothing is written, nobody waits, and no contact is shown: counts and the FMO's own book only.
    """
    fmo_id, account = scope.fmo_id(), business_id or new_id()
    with open_session(
        Scope(login=Login.JOBS, role=Role.SYSTEM, fmo_id=fmo_id, business_id=account, actor_name="Rehearsal")
    ) as session:
        known = {"fmo": fmo_id, "business": account, "npns": list(npns)}
        counts = {k: int(v) for k, v in session.execute(text(_COUNTS), known).mappings().one().items()}
        told = forecast.book(session, fmo_id, npns)
        session.rollback()
    return Expected(
        **counts,
        **told,
        contacts_new=counts["contacts"],
        gaps=gaps.find(fmo_id, list(npns)),
        elsewhere=forecast.elsewhere(db.session(), fmo_id, npns, business_id),
    )
