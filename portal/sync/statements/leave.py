"""Taking copies away: which ones no longer belong, and what their contacts may keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from portal.crm.statements.values import carry
from portal.extensions import db
from portal.sync.statements import keepsakes

_BELONGS = """
EXISTS (SELECT 1 FROM policy p JOIN business_npn n ON n.fmo_id = :fmo AND n.npn = p.writing_npn AND n.until IS NULL
        WHERE p.fmo_id = :fmo AND p.id = c.policy_id AND n.business_id = c.business_id)
"""
_RELEASE = """
UPDATE crm_policy c SET released_at = now(), released_reason = :reason, updated_at = now()
WHERE c.fmo_id = :fmo AND c.released_at IS NULL AND NOT {belongs} AND {which}
RETURNING c.business_id, c.policy_id, c.member_id, c.contact_id
"""
# Still in the account, under another of its NPNs: a Limited user of the old one must lose it now.
_HAND_OVER = """
UPDATE crm_policy c SET npn = p.writing_npn, writer_source = p.writer_source, updated_at = now()
FROM policy p
WHERE p.fmo_id = :fmo AND p.id = c.policy_id AND c.fmo_id = :fmo AND c.released_at IS NULL
  AND c.npn <> p.writing_npn AND {which}
"""
_SOURCES = """
DELETE FROM contact_source s
USING unnest(CAST(:businesses AS uuid[]), CAST(:members AS uuid[])) AS t (business_id, member_id)
WHERE s.fmo_id = :fmo AND s.business_id = t.business_id AND s.member_id = t.member_id
  AND NOT EXISTS (SELECT 1 FROM crm_policy c WHERE c.fmo_id = :fmo AND c.business_id = s.business_id
                  AND c.contact_id = s.contact_id AND c.member_id = s.member_id AND c.released_at IS NULL)
RETURNING s.business_id, s.contact_id
"""
_HIDE = """
UPDATE contact k SET hidden = true, updated_at = now()
FROM unnest(CAST(:businesses AS uuid[]), CAST(:contacts AS uuid[])) AS t (business_id, contact_id)
WHERE k.fmo_id = :fmo AND k.business_id = t.business_id AND k.id = t.contact_id AND NOT k.agent_owned AND NOT k.hidden
  AND NOT EXISTS (SELECT 1 FROM crm_policy c WHERE c.fmo_id = :fmo AND c.business_id = k.business_id
                  AND c.contact_id = k.id AND c.released_at IS NULL)
"""
WHICH = {
    "policies": "c.policy_id = ANY(:policies)",
    "npn": "c.business_id = :business AND c.npn = :npn",
    "business": "c.business_id = :business",
}


@dataclass(frozen=True, slots=True)
class Taken:
    """One copy that was taken away."""

    business_id: UUID
    policy_id: UUID
    member_id: UUID
    contact_id: UUID


def release(fmo_id: UUID, which: str, reason: str, **named: Any) -> list[Taken]:
    """Release the copies among `which` (a key of WHICH) whose policy is written by no open NPN of their Business.

    The members behind them leave their contacts, whose carrier values are told anew by who remains; a contact without a
    policy is hidden, unless it is the agent's own.
    """
    known = {"fmo": fmo_id, **named}
    rows = db.session.execute(
        text(_RELEASE.format(belongs=_BELONGS, which=WHICH[which])), {**known, "reason": reason}
    ).all()
    db.session.execute(text(_HAND_OVER.format(which=WHICH[which])), known)
    taken = [Taken(*row) for row in rows]
    if taken:
        keepsakes.tell(fmo_id, [(t.business_id, t.policy_id) for t in taken], reason)
        _tidy(fmo_id, taken)
    return taken


def _tidy(fmo_id: UUID, taken: list[Taken]) -> None:
    members = sorted({(t.business_id, t.member_id) for t in taken})
    left = db.session.execute(
        text(_SOURCES),
        {"fmo": fmo_id, "businesses": [b for b, _ in members], "members": [m for _, m in members]},
    ).all()
    poorer = sorted({(row[0], row[1]) for row in left})
    carry(fmo_id, [b for b, _ in poorer], [c for _, c in poorer])
    keepsakes.forget(fmo_id, poorer)
    contacts = sorted({(t.business_id, t.contact_id) for t in taken})
    db.session.execute(
        text(_HIDE), {"fmo": fmo_id, "businesses": [b for b, _ in contacts], "contacts": [c for _, c in contacts]}
    )
