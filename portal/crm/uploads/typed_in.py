"""Somebody typed in by hand, met by the same ladder as the rows of a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import select

from portal.core import crypto, scope
from portal.core.ids import new_id
from portal.crm.models import Contact
from portal.crm.statements import contacts_lock
from portal.crm.uploads import plan, statements
from portal.crm.uploads.known import Known
from portal.crm.uploads.plan import Planned
from portal.crm.uploads.rows import ReadRow
from portal.crm.uploads.weak import Named, name_of, shared
from portal.extensions import db

_SHARED = {"birth_date": "birth date", "email": "e-mail", "phone": "phone"}


@dataclass(slots=True)
class Recognised:
    """Who somebody is, as far as the actor sees. `match`: in the account; `removed`: was, until somebody removed them.

    `alike`: (contact, reason) of those that a person should look at first.
    """

    match: UUID | None = None
    rung: str | None = None
    fill: dict[str, str] = field(default_factory=dict)  # what the match does not know yet
    fills_mbi: bool = False
    lends: dict[str, str] = field(default_factory=dict)  # what it knows already, said again
    removed: bool = False
    alike: list[tuple[UUID, str]] = field(default_factory=list)


def recognise(values: Mapping[str, str], mbi: str | None) -> Recognised:
    """Meet the account with normalised `values` (keys of TYPED_FIELDS, "" for none) and a readable Medicare number.

    Nobody else adds contacts to the account until this transaction ends.
    """
    contacts_lock.hold(scope.business_id())
    said = {name: value for name, value in values.items() if value}
    mbi_hash = crypto.keyed_hash(mbi, fmo_id=scope.fmo_id(), field="mbi") if mbi else None
    one = Planned(new_id(), ReadRow(1, said), mbi_hash)
    ladder = _seen(statements.sharing_keys(one.keys.items()))
    namesakes = _seen(statements.of_last_name([name_of(said)[1]]))
    plan.plan([one], ladder, namesakes, lambda _: _seen(statements.near([said])))
    if one.outcome == plan.REMOVED:
        return Recognised(removed=True)
    if one.outcome == plan.MATCH:
        return Recognised(one.contact_id, one.rung, one.fill, one.fills_mbi, one.lends)
    found = {other: reason for other, reason, _ in one.doubts} | {like.contact.id: like.reason for like in one.likes}
    for contact in Named(namesakes).candidates(said):
        if not contact.removed:
            found.setdefault(contact.id, _reason(said, contact.shown))
    return Recognised(alike=list(found.items()))


def _seen(found: list[Known]) -> list[Known]:
    """Without those whom a Limited user has only by a policy that somebody removed: no page shows them any more."""
    ids = select(Contact.id).where(Contact.id.in_([one.id for one in found]))
    seen = set(db.session.scalars(ids.execution_options(unlogged="compared with, not shown")))
    return [one for one in found if one.removed or one.id in seen]


def _reason(said: Mapping[str, str], shown: Mapping[str, str]) -> str:
    also = [words for name, words in _SHARED.items() if name in shared(said, shown)]
    name = "The same name" if name_of(said) == name_of(shown) else "A nickname of the first name"
    return " and ".join(filter(None, (", ".join([name, *also[:-1]]), *also[-1:]))) if also else name
