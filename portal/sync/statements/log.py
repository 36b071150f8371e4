"""What the access log says about a run and a release: one disclosure for each policy that was delivered."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import insert, text

from portal.compliance.disclosures import words
from portal.compliance.models import ENTRY_VERSION, AccessEntry
from portal.compliance.operations import row
from portal.core import scope
from portal.core.access import Entry
from portal.core.scope import Role
from portal.extensions import db
from portal.sync.events import POLICY_DISCLOSED, POLICY_RELEASED
from portal.sync.statements.ids import fresh, seed
from portal.sync.statements.leave import Taken

_DISCLOSED = f"""
INSERT INTO access_entry (fmo_id, id, at, actor_id, actor_name, role, business_id, run_id, action, subject_kind,
                          subject_ids, member_ids, fields, reason, outcome, version)
SELECT :fmo, {fresh()}, now(), :actor_id, :actor_name,
       coalesce((SELECT u.role FROM portal_user u WHERE u.fmo_id = :fmo AND u.id = :actor_id), :role), :business, :run,
       :action, 'policy', ARRAY[s.policy_id], ARRAY[s.member_id], CAST(:fields AS text[]), :why, 'done', :version
FROM sync_do s WHERE s.copy_id IS NULL OR s.released
"""


def disclosed(fmo_id: UUID, business_id: UUID, run_id: UUID, *, actor_id: UUID | None, actor_name: str) -> None:
    """One entry for each policy that this run brings into the account, in the name of who asked for the run."""
    role = Role.FMO_ADMIN if actor_id else Role.SYSTEM  # of whoever is gone; else it is the user's own
    known: dict[str, Any] = {"fmo": fmo_id, "business": business_id, "run": run_id, "actor_id": actor_id}
    db.session.execute(
        text(_DISCLOSED),
        {
            **known,
            "actor_name": actor_name,
            "role": role.value,
            "action": POLICY_DISCLOSED.name,
            "version": ENTRY_VERSION,
            # To its writing agent: not accountable, until something else is found of it.
            "fields": list(words.SHARED),
            "why": words.OPERATIONS,
            **seed(),
        },
    )


def released(taken: list[Taken], *, reason: str) -> None:
    """One entry for each Business that lost copies, naming the policies and members."""
    at_work = scope.current()
    by_business: dict[UUID, list[Taken]] = defaultdict(list)
    for one in taken:
        by_business[one.business_id].append(one)
    rows = [
        row(_left(copies, reason), replace(at_work, business_id=business_id))
        for business_id, copies in by_business.items()
    ]
    if rows:
        # inline: nothing is asked back, since the FMO's login writes entries and reads none.
        db.session.execute(insert(AccessEntry).inline(), rows)


def _left(copies: list[Taken], reason: str) -> Entry:
    policies, members = sorted(one.policy_id for one in copies), {one.member_id for one in copies}
    return Entry(POLICY_RELEASED, "policy", policies, members, reason=reason)
