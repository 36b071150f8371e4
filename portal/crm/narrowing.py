"""What agents see of their account: nothing released, removed or hidden, and Limited users only their own.

These are the ORM's conditions; row security says the same in the database, and each holds alone. Inner tables are plain
tables with every condition written out, since nothing else narrows them.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, or_, true

from portal.core.row_filter import narrow
from portal.core.scope import Scope
from portal.crm.duplicates.models import ContactMerge
from portal.crm.models import Contact, ContactKey, ContactSource, CrmPolicy, LeftPolicy, Note, PossibleDuplicate
from portal.crm.uploads.models import Upload, UploadRow


def _policies(policy: Any, scope: Scope) -> ColumnElement[bool]:
    living = and_(policy.released_at.is_(None), policy.removed_at.is_(None))
    return and_(living, policy.npn == (scope.own_npn or "")) if scope.limited else living


def _contacts(contact: Any, scope: Scope) -> ColumnElement[bool]:
    shown = and_(contact.hidden.is_(False), contact.removed_at.is_(None))
    if not scope.limited:
        return shown
    policy = CrmPolicy.__table__.alias("own_policy")
    carries_one = exists().where(
        policy.c.business_id == contact.business_id,
        policy.c.contact_id == contact.id,
        _policies(policy.c, scope),
    )
    return and_(shown, or_(carries_one.correlate_except(policy), _made_it(contact, scope)))


def _removed_policies(policy: Any, scope: Scope) -> ColumnElement[bool]:
    gone = and_(policy.released_at.is_(None), policy.removed_at.is_not(None))
    return false() if scope.limited else gone


def _removed_contacts(contact: Any, scope: Scope) -> ColumnElement[bool]:
    return false() if scope.limited else and_(contact.hidden.is_(False), contact.removed_at.is_not(None))


def _merged_contacts(contact: Any, scope: Scope) -> ColumnElement[bool]:
    return false() if scope.limited else and_(contact.merged_into.is_not(None), contact.removed_at.is_(None))


def _left(left: Any, scope: Scope) -> ColumnElement[bool]:
    return left.npn == (scope.own_npn or "") if scope.limited else true()


def _made_it(contact: Any, scope: Scope) -> ColumnElement[bool]:
    # Once a carrier speaks of it, it is somebody's client: a policy of the own NPN must then say whose.
    # `== None` would be IS NULL, and that is every contact that the sync made.
    return and_(contact.made_by == scope.actor_id, contact.member_id.is_(None)) if scope.actor_id else false()


def _of_seen_contacts(row: Any, scope: Scope) -> ColumnElement[bool]:
    contact = Contact.__table__.alias("seen_contact")
    seen = exists().where(
        contact.c.business_id == row.business_id, contact.c.id == row.contact_id, _contacts(contact.c, scope)
    )
    return seen.correlate_except(contact)


def _notes(note: Any, scope: Scope) -> ColumnElement[bool]:
    seen = _of_seen_contacts(note, scope)
    if not scope.limited:
        return seen
    return and_(seen, note.author_id == scope.actor_id) if scope.actor_id is not None else false()


def _whole_account(row: Any, scope: Scope) -> ColumnElement[bool]:
    return false() if scope.limited else true()


narrow(CrmPolicy, _policies, removed=_removed_policies)
narrow(Contact, _contacts, removed=_removed_contacts, merged=_merged_contacts)
narrow(LeftPolicy, _left)
narrow(ContactSource, _of_seen_contacts)
narrow(ContactKey, _of_seen_contacts)
narrow(Note, _notes)
narrow(PossibleDuplicate, _whole_account)
narrow(ContactMerge, _whole_account)
narrow(Upload, _whole_account)
narrow(UploadRow, _whole_account)
