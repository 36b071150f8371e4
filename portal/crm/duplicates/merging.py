"""Two contacts made one, and two again. Nothing of either is lost in between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import InvalidRequestError

from portal.core import access, clock, scope
from portal.core.events import Event
from portal.core.ids import new_id
from portal.core.lookup import find
from portal.core.scope import Scope
from portal.crm.duplicates.events import CONTACT_MERGE, CONTACT_UNMERGE, DUPLICATE_AGAIN, DUPLICATE_DIFFERENT
from portal.crm.duplicates.finding import look_again
from portal.crm.duplicates.models import ContactMerge
from portal.crm.duplicates.statements import moving
from portal.crm.models import TYPED_FIELDS, Contact, Note, PossibleDuplicate
from portal.crm.statements import contacts_lock
from portal.crm.statements.values import carry
from portal.crm.values import blanks, told
from portal.extensions import db

MERGED, DIFFERENT = "merged", "different"
MBI = "mbi"


class Busy(Exception):
    """A run or an upload is adding contacts to the account at this moment; nothing was changed."""


class NotLast(Exception):
    """Another merge was made on top of this one and must be taken back first."""


class Decided(Exception):
    """Meanwhile somebody decided about the pair, or one of the two is not shown any more; nothing was changed."""


def merge(pair: PossibleDuplicate | None, kept: Contact, merged: Contact, *, by: Scope) -> ContactMerge:
    """Make `merged` a part of `kept`: its sources, keys, policies and notes move, what it alone knows is filled in.

    What `kept` shows stays, except where the agent had put a carrier's value right on `merged` alone. A Limited user
    who made one of the two sees the result only by a policy of their own NPN. `pair` is None where nobody but the
    actor brought the two together. Raises `Busy`, or `Decided`.
    """
    _alone()
    _as_they_are(pair, kept, merged)
    moving.see_merged(True)
    moved, policies = moving.before(kept.id, merged.id)
    filled = _filled(kept, merged)
    lent = _lent(kept, merged, filled)
    was = {"agent_owned": kept.agent_owned, "made_by": str(kept.made_by) if kept.made_by else None}
    made = ContactMerge(
        id=new_id(),
        kept_id=kept.id,
        merged_id=merged.id,
        pair_id=pair.id if pair is not None else None,
        by_id=by.actor_id,
        by_name=by.actor_name,
        before={**moved, "filled": filled, "lent": list(lent), "kept": was},
    )
    db.session.add(made)
    _fill(kept, merged, filled)
    kept.brought = {**kept.brought, **lent}
    kept.agent_owned = kept.agent_owned or merged.agent_owned
    kept.made_by = kept.made_by if kept.made_by == merged.made_by else None
    if pair is not None:
        _decide(pair, MERGED, by)
    db.session.flush()
    moving.move(kept.id, merged.id, made.id)
    _end(kept, merged)
    _record(CONTACT_MERGE, made, fields=filled, policies=policies, notes=len(moved["notes"]))
    return made


def undo(made: ContactMerge, *, by: Scope) -> Contact:
    """Make two of one again: each has what it had, what came since stays with the kept one. Gives the merged one.

    What was released in between stays away. Only the last living merge of a contact can be taken back: raises
    `NotLast`, or `Busy`.
    """
    if made.undone_at is not None or made.id not in {last.id for last in merges_of(made.kept_id)[:1]}:
        raise NotLast
    _alone()
    db.session.refresh(made)
    if made.undone_at is not None:
        raise NotLast
    moving.see_merged(True)
    kept = db.session.scalars(select(Contact).where(Contact.id == made.kept_id)).one_or_none()
    if kept is None:
        moving.see_merged(False)  # the page that says so is of this transaction
        raise NotLast  # it went into another one itself
    merged = db.session.scalars(
        select(Contact).where(Contact.id == made.merged_id).execution_options(narrowed_as="merged")
    ).one()
    _take_out(kept, merged, made.before["filled"], made.before.get("lent", []))
    db.session.flush()
    moving.move_back(kept.id, merged.id, made.id, {name: made.before[name] for name in moving.MOVED})
    _restore(kept, merged, made.before["kept"])
    made.undone_at, made.undone_by, made.undone_by_name = clock.now(), by.actor_id, by.actor_name
    pair = find(PossibleDuplicate, made.pair_id)
    if pair is not None:
        pair.decision = pair.decided_at = pair.decided_by = pair.decided_by_name = None
    db.session.flush()
    moving.hide_empty(kept.id, merged.id)
    _end(kept, merged)
    moving.forget_keys(made.kept_id, made.merged_id)
    _record(CONTACT_UNMERGE, made, fields=made.before["filled"])
    return merged


def not_the_same(pair: PossibleDuplicate, *, by: Scope) -> None:
    """Keep that a person looked and found two people: nobody is asked again unprompted. Raises `Decided`."""
    _as_they_are(pair)
    _decide(pair, DIFFERENT, by)
    access.record(DUPLICATE_DIFFERENT, kind="contact", ids=[pair.contact_id, pair.other_id], pair=str(pair.id))


def ask_again(pair: PossibleDuplicate, *, by: Scope) -> bool:
    """Let a pair that was kept apart wait for a decision again; False where it waits already or was merged."""
    db.session.refresh(pair, with_for_update=True)
    if pair.decision != DIFFERENT:
        return False
    pair.decision = pair.decided_at = pair.decided_by = pair.decided_by_name = None
    access.record(DUPLICATE_AGAIN, kind="contact", ids=[pair.contact_id, pair.other_id], pair=str(pair.id))
    return True


def merges_of(contact_id: UUID) -> Sequence[ContactMerge]:
    """The living merges into a contact, the last first."""
    query = select(ContactMerge).where(ContactMerge.kept_id == contact_id, ContactMerge.undone_at.is_(None))
    return db.session.scalars(query.order_by(ContactMerge.at.desc(), ContactMerge.id.desc()).limit(20)).all()


def _alone() -> None:
    if not contacts_lock.try_hold(scope.business_id()):
        raise Busy


def _as_they_are(pair: PossibleDuplicate | None, *people: Contact) -> None:
    """Read again what was read before the lock was had: somebody else may have been quicker."""
    try:
        for one in (*([pair] if pair is not None else []), *people):
            db.session.refresh(one, with_for_update=True)
    except InvalidRequestError as gone:
        raise Decided from gone
    decided = pair is not None and pair.decided_at is not None
    if decided or any(one.hidden or one.removed_at is not None for one in people):
        raise Decided


def _end(kept: Contact, merged: Contact) -> None:
    business = kept.business_id
    carry(kept.fmo_id, [business] * 2, [kept.id, merged.id])
    moving.see_merged(False)
    for one in (kept, merged):
        db.session.expire(one)
    look_again(business)


def _decide(pair: PossibleDuplicate, decision: str, by: Scope) -> None:
    pair.decision, pair.decided_at = decision, clock.now()
    pair.decided_by, pair.decided_by_name = by.actor_id, by.actor_name


def _filled(kept: Contact, merged: Contact) -> list[str]:
    """The typed values of `merged` that go along: where `kept` shows nothing, and where a carrier was put right."""
    found = [
        field
        for field in TYPED_FIELDS
        if merged.typed.get(field)
        and not kept.typed.get(field)
        and (not kept.carried.get(field) or merged.carried.get(field))
    ]
    known = kept.mbi_hash or kept.typed_mbi_hash
    return [*found, MBI] if merged.typed_mbi_hash and not known else found


def _fill(kept: Contact, merged: Contact, filled: list[str]) -> None:
    taken = {field: merged.typed[field] for field in filled if field != MBI}
    if taken:
        kept.typed = {**kept.typed, **taken}
    if MBI in filled:
        kept.typed_mbi, kept.typed_mbi_hash = merged.typed_mbi, merged.typed_mbi_hash


def _lent(kept: Contact, merged: Contact, filled: list[str]) -> dict[str, str]:
    """What agents said of `merged` and `kept` shows otherwise: it stays beneath, for when no carrier tells it."""
    theirs = {field: value for field, value in told(merged).items() if field not in filled}
    return blanks(told(kept), theirs)


def _take_out(kept: Contact, merged: Contact, filled: list[str], lent: list[str]) -> None:
    """Leave out what was filled in, unless somebody has typed something else since."""
    theirs = {field for field in filled if field != MBI and kept.typed.get(field) == merged.typed.get(field)}
    if theirs:
        kept.typed = {field: value for field, value in kept.typed.items() if field not in theirs}
    said = told(merged)
    kept.brought = {f: value for f, value in kept.brought.items() if f not in lent or said.get(f) != value}
    if MBI in filled and kept.typed_mbi_hash == merged.typed_mbi_hash:
        kept.typed_mbi = kept.typed_mbi_hash = None


def _restore(kept: Contact, merged: Contact, was: dict[str, Any]) -> None:
    """Whose the kept one is: as before, or the agent's own by what was done with it since."""
    if merged.agent_owned and not was["agent_owned"]:
        notes = db.session.scalar(
            select(func.count())
            .select_from(Note)
            .where(Note.contact_id == kept.id)
            .execution_options(unlogged="a count")
        )
        kept.agent_owned = bool(kept.typed or kept.brought or notes)
    if was["made_by"]:
        kept.made_by = UUID(was["made_by"])


def _record(what: Event, made: ContactMerge, *, fields: list[str], **counts: Any) -> None:
    members = {UUID(one) for one in made.before["members"]}
    detail = {"kept": str(made.kept_id), "merged": str(made.merged_id), "merge": str(made.id), **counts}
    ids = [made.kept_id, made.merged_id]
    access.record(what, kind="contact", ids=ids, members=members, fields=fields, **detail)
