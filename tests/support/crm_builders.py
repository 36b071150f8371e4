"""Rows of accounts for tests, as a run of Policy Sync would have left them. Each function commits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from portal.activities.models import Activity
from portal.book.models import Member, Policy
from portal.businesses.models import Business
from portal.core.ids import new_id
from portal.crm.duplicates.models import ContactMerge
from portal.crm.duplicates.statements.moving import MOVED
from portal.crm.models import Contact, ContactKey, ContactSource, CrmPolicy, LeftPolicy, Note, PossibleDuplicate
from portal.crm.uploads.models import Upload, UploadRow
from portal.crm.uploads.table import Table, pack
from portal.downline.models import Producer
from portal.identity.models import User
from portal.sync.claims.models import PolicyClaim
from portal.sync.models import ResyncRequest, SyncLine, SyncRun
from tests.support.builders import add
from tests.support.builders import number as make_number


def owned_by(business: Business) -> dict[str, Any]:
    """The tenant keys of a row of `business`."""
    return {"fmo_id": business.fmo_id, "business_id": business.id}


def sync_run(store: Session, business: Business, **values: Any) -> SyncRun:
    """A run that succeeded."""
    finished = {"status": "succeeded", "finished_at": datetime.now(UTC), "requested_by": "Test", "reason": "resync"}
    counts = {"policies": 1, "contacts": 1, "added": 1, "updated": 0, "unchanged": 0, "released": 0}
    return add(store, SyncRun(**owned_by(business), **{**finished, **counts, **values}))


def sync_line(store: Session, run: SyncRun, policy_ids: list[UUID], **values: Any) -> SyncLine:
    """What `run` did to these policies; without more words it added them."""
    owned = {"fmo_id": run.fmo_id, "business_id": run.business_id, "run_id": run.id, "policy_ids": policy_ids}
    return add(store, SyncLine(**{"what": "added", "reason": "new", **owned, **values}))


def contact(store: Session, business: Business, member: Member | None = None, **typed: Any) -> Contact:
    """A contact with the carrier's values of `member`, if any, and what an agent typed."""
    carried = _carried(member) if member else {}
    if not member:
        typed = {"first_name": "Own", "last_name": "Contact", **typed}
    row = Contact(**owned_by(business), typed=typed, carried=carried, agent_owned=bool(typed))
    if member:
        row.mbi, row.mbi_hash, row.member_id = member.mbi, member.mbi_hash, member.id
    add(store, row)
    if member:
        found = {"carried": carried, "mbi": member.mbi, "mbi_hash": member.mbi_hash, "rung": "new"}
        source = {"carrier": member.carrier, "as_of": member.as_of, **found}
        add(store, ContactSource(**owned_by(business), contact_id=row.id, member_id=member.id, **source))
        if member.mbi_hash:
            add(store, ContactKey(**owned_by(business), contact_id=row.id, kind="mbi", value=member.mbi_hash))
    return row


def _carried(member: Member) -> dict[str, Any]:
    fields = ("first_name", "last_name", "gender", "email", "phone", "city", "state", "zip")
    values = {field: getattr(member, field) for field in fields if getattr(member, field)}
    return values | ({"birth_date": member.birth_date.isoformat()} if member.birth_date else {})


def crm_policy(store: Session, business: Business, policy: Policy, contact: Contact, **values: Any) -> CrmPolicy:
    """The copy of `policy` in `business`, on `contact`; `released_at` makes it a released one."""
    run_id = new_id()
    copied = (
        *("member_id", "carrier", "sort_key", "policy_number", "number_key", "member_number", "line_of_business"),
        *("product", "plan_id", "plan_name", "status", "effective_date", "term_date", "as_of", "content_hash"),
        "writer_source",
    )
    same = {name: getattr(policy, name) for name in copied}
    runs = {"added_run_id": run_id, "changed_run_id": run_id, "npn": policy.writing_npn, "contact_id": contact.id}
    return add(store, CrmPolicy(**owned_by(business), policy_id=policy.id, **{**same, **runs, **values}))


def synced(store: Session, business: Business, policy: Policy, member: Member) -> tuple[Contact, CrmPolicy]:
    """A new contact of `member` in `business` with the copy of `policy`."""
    person = contact(store, business, member)
    return person, crm_policy(store, business, policy, person)


def left_policy(store: Session, copy: CrmPolicy, **values: Any) -> LeftPolicy:
    """What the agent is told of another policy that left the account under the NPN of `copy`."""
    owned = {"fmo_id": copy.fmo_id, "business_id": copy.business_id, "npn": copy.npn, "carrier": copy.carrier}
    told = {"policy_id": new_id(), "member_id": copy.member_id, "first_name": "Gone", "last_name": "Person"}
    return add(store, LeftPolicy(**owned, **{**told, "reason": "moved", **values}))


def note(store: Session, contact: Contact, author: User, body: str) -> Note:
    """A note of `author` on `contact`."""
    owned = {"fmo_id": contact.fmo_id, "business_id": contact.business_id, "contact_id": contact.id}
    return add(store, Note(**owned, author_id=author.id, author_name=author.name, body=body))


def possible_duplicate(store: Session, contact: Contact, other: Contact) -> PossibleDuplicate:
    """Two contacts for a person to decide on."""
    owned = {"fmo_id": contact.fmo_id, "business_id": contact.business_id, "contact_id": contact.id}
    return add(store, PossibleDuplicate(**owned, other_id=other.id, reason="Same name and birth date."))


def upload(store: Session, business: Business, by: User, file_name: str = "clients.csv", **values: Any) -> Upload:
    """A file whose preview was made."""
    table = Table(["Last Name", "First Name"], [(2, ["Client", "A"])], [])
    values = {"state": "preview", "body": pack(table, business.fmo_id), "columns": {"0": "last_name"}, **values}
    made = {"file_name": file_name, "made_by": by.id, "made_by_name": by.name, "rows": 1}
    return add(store, Upload(**owned_by(business), **{**made, **values}))


def upload_row(store: Session, upload: Upload, candidate: Contact, **said: Any) -> UploadRow:
    """The first row of `upload`, which waits: it may be `candidate`."""
    owned = {"fmo_id": upload.fmo_id, "business_id": upload.business_id, "upload_id": upload.id}
    return add(store, UploadRow(**owned, number=2, outcome="candidate", candidates=[candidate.id], values=said))


def contact_merge(store: Session, contact: Contact, by: User) -> ContactMerge:
    """A merge of `by` into `contact`; the other contact brought nothing and is gone."""
    owned = {"fmo_id": contact.fmo_id, "business_id": contact.business_id, "kept_id": contact.id}
    before: dict[str, Any] = {name: [] for name in (*MOVED, "filled")}
    before["kept"] = {"agent_owned": True, "made_by": None}
    row = ContactMerge(**owned, merged_id=new_id(), by_id=by.id, by_name=by.name, before=before)
    return add(store, row)


def resync_request(store: Session, business: Business, by: User) -> ResyncRequest:
    """An open "Ask for a re-sync"."""
    return add(store, ResyncRequest(**owned_by(business), asked_by=by.name))


def policy_claim(store: Session, business: Business, by: User, **values: Any) -> PolicyClaim:
    """An open "This policy is mine"."""
    number = values.pop("number", f"C{make_number():06}")
    named = {"carrier": "humana", "number": number, "number_key": "".join(filter(str.isalnum, number.upper()))}
    return add(store, PolicyClaim(**owned_by(business), by_id=by.id, by_name=by.name, **{**named, **values}))


def activity(store: Session, record: Producer | Business, by: User, summary: str, **values: Any) -> Activity:
    """A note on the timeline of an agent, an agency or a Business."""
    kind = "business" if isinstance(record, Business) else record.kind
    values = {"type": "note", "body": summary, **values}
    subject = {"fmo_id": record.fmo_id, "subject_kind": kind, "subject_id": record.id}
    return add(store, Activity(**subject, by_id=by.id, by_name=by.name, summary=summary, **values))
