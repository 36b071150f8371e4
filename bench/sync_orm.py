"""Policy Sync as an ORM would do it: the first run of an account, in bulk and row by row. The same rows.

Both work under the same login and are given what the portal works out itself: nobody shares a key, so each member
becomes a contact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from bench import tenants
from bench.servers import Place
from portal.book.models import Member, Policy
from portal.compliance.models import ENTRY_VERSION, AccessEntry
from portal.connectors.ladder import person_key
from portal.core.ids import new_id
from portal.core.models import Base
from portal.crm.models import TYPED_FIELDS, Contact, ContactKey, ContactSource, CrmPolicy
from portal.extensions import db
from portal.sync.models import SyncLine, SyncRun
from portal.sync.statements.source import COPIED

Rows = dict[type[Base], list[dict[str, Any]]]


def in_bulk(place: Place, fmo_id: UUID, business_id: UUID, npn: str) -> float:
    """Read everything as objects, work out the rows, write each table at once; the seconds it took."""
    with _timed(place, fmo_id, business_id) as (taken, run_id):
        policies = db.session.scalars(select(Policy).where(Policy.writing_npn == npn)).all()
        wanted = list({policy.member_id for policy in policies})
        found = db.session.scalars(select(Member).where(Member.id.in_(wanted)))
        rows = _rows(policies, {member.id: member for member in found}, fmo_id, business_id, run_id)
        for model, values in rows.items():
            db.session.execute(insert(model).inline(), values)
        db.session.commit()
    return taken()


def row_by_row(place: Place, fmo_id: UUID, business_id: UUID, npn: str) -> float:
    """Look up, make and flush for each policy, as a loop over objects does; the seconds it took."""
    with _timed(place, fmo_id, business_id) as (taken, run_id):
        ids = db.session.scalars(select(Policy.id).where(Policy.writing_npn == npn).execution_options(unlogged="ids"))
        for policy_id in ids.all():
            policy = db.session.scalars(select(Policy).where(Policy.id == policy_id)).one()
            member = db.session.scalars(select(Member).where(Member.id == policy.member_id)).one()
            known = select(ContactSource).where(ContactSource.member_id == member.id)
            source = db.session.scalars(known.where(ContactSource.business_id == business_id)).first()
            rows = _rows([policy], {member.id: member}, fmo_id, business_id, run_id)
            if source is not None:
                rows = {CrmPolicy: rows[CrmPolicy], AccessEntry: rows[AccessEntry]}
                rows[CrmPolicy][0]["contact_id"] = source.contact_id
            for model, values in rows.items():
                if model is AccessEntry:  # nobody who writes the log may read it back
                    db.session.execute(insert(model).inline(), values)
                    continue
                db.session.add_all(model(**one) for one in values)
                db.session.flush()
        db.session.commit()
    return taken()


@contextmanager
def _timed(place: Place, fmo_id: UUID, business_id: UUID) -> Iterator[tuple[Callable[[], float], UUID]]:
    run_id = new_id()
    with tenants.job(place, fmo_id, business_id):
        db.session.add(
            SyncRun(
                fmo_id=fmo_id,
                business_id=business_id,
                id=run_id,
                reason="resync",
                status="succeeded",
                requested_by="ORM",
            )
        )
        db.session.commit()
        ended: list[float] = []
        begun = perf_counter()
        yield lambda: ended[0] - begun, run_id
        ended.append(perf_counter())
        db.session.info.pop("seen", None)


def _rows(policies: Any, members: dict[UUID, Member], fmo_id: UUID, business_id: UUID, run_id: UUID) -> Rows:
    own = {"fmo_id": fmo_id, "business_id": business_id}
    rows: Rows = {model: [] for model in (Contact, ContactSource, ContactKey, CrmPolicy, AccessEntry, SyncLine)}
    contacts: dict[UUID, UUID] = {}
    for policy in policies:
        member = members[policy.member_id]
        if member.id not in contacts:
            contacts[member.id] = new_id()
            _person(rows, own, member, contacts[member.id], policy)
        told = {name: getattr(policy, name) for name in COPIED}
        runs = {"added_run_id": run_id, "changed_run_id": run_id, "npn": policy.writing_npn}
        ids = {"id": new_id(), "policy_id": policy.id, "member_id": member.id, "contact_id": contacts[member.id]}
        premium = None if policy.premium is None else str(policy.premium)
        rows[CrmPolicy].append({**own, **ids, **runs, **told, "premium": premium})
        entry = {"action": "policy.disclosed", "subject_kind": "policy", "role": "system", "actor_name": "ORM"}
        subject = {"subject_ids": [policy.id], "member_ids": [member.id], "outcome": "done", "version": ENTRY_VERSION}
        rows[AccessEntry].append({**own, "id": new_id(), "run_id": run_id, **entry, **subject})
    line = {"run_id": run_id, "what": "added", "reason": "new"}
    ids_done = [policy.id for policy in policies]
    for start in range(0, len(ids_done), 1_000):
        rows[SyncLine].append({**own, "id": new_id(), **line, "policy_ids": ids_done[start : start + 1_000]})
    return rows


def _person(rows: Rows, own: dict[str, Any], member: Member, contact_id: UUID, policy: Policy) -> None:
    carried = {field: getattr(member, field) for field in TYPED_FIELDS if getattr(member, field)}
    if member.birth_date:
        carried["birth_date"] = member.birth_date.isoformat()
    told = {"carried": carried, "mbi": member.mbi, "mbi_hash": member.mbi_hash, "member_id": member.id}
    rows[Contact].append({**own, "id": contact_id, **told})
    came = {"carrier": member.carrier, "as_of": member.as_of, "rung": "new", "contact_id": contact_id}
    rows[ContactSource].append({**own, "id": new_id(), **told, **came})
    person = person_key(member.first_name, member.last_name, member.birth_date, member.zip)
    keys = {"mbi": member.mbi_hash, "number": f"{policy.carrier}|{policy.member_number}", "person": person}
    rows[ContactKey] += [
        {**own, "id": new_id(), "contact_id": contact_id, "kind": kind, "value": value}
        for kind, value in keys.items()
        if value
    ]
