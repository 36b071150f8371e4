"""The queue of possible duplicates, and two contacts side by side. Limited users have none of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select

from portal.core.paging import Asked, Column, Listing, fetch
from portal.crm import words
from portal.crm.models import TYPED_FIELDS, Contact, ContactSource, CrmPolicy, Note, PossibleDuplicate
from portal.crm.uploads import origins
from portal.crm.uploads.origins import Origins
from portal.extensions import db

FILTERS, SORTS = ("state",), ("strength", "found")
APART = "apart"
MOST_SHOWN = 99  # in the frame
SURE, LIKELY = 90, 70


@dataclass(frozen=True, slots=True)
class Said:
    """What a contact shows in one field, and who says so; None and "" where nobody does."""

    value: str | None
    source: str


@dataclass(frozen=True, slots=True)
class Line:
    """One field of two contacts."""

    label: str
    sides: tuple[Said, Said]

    @property
    def differs(self) -> bool:
        """Whether both know it and say different things."""
        one, other = (side.value for side in self.sides)
        return one is not None and other is not None and one != other


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two contacts with what hangs on it."""

    contact: Contact
    policies: Sequence[CrmPolicy]
    notes: int


def likely(strength: int) -> tuple[str, str]:
    """How much speaks for one person: (word, tone)."""
    if strength >= SURE:
        return "Very likely", "warn"
    return ("Likely", "info") if strength >= LIKELY else ("Possible", "neutral")


def open_pairs() -> Select[PossibleDuplicate]:
    """Pairs that nobody has decided on, of contacts that the account shows."""
    shown = select(Contact.id)
    return select(PossibleDuplicate).where(
        PossibleDuplicate.decided_at.is_(None),
        PossibleDuplicate.contact_id.in_(shown),
        PossibleDuplicate.other_id.in_(shown),
    )


def kept_apart() -> Select[PossibleDuplicate]:
    """Pairs that a person found to be two people, of contacts that the account shows."""
    shown = select(Contact.id)
    return select(PossibleDuplicate).where(
        PossibleDuplicate.decision == "different",
        PossibleDuplicate.contact_id.in_(shown),
        PossibleDuplicate.other_id.in_(shown),
    )


def listing(asked: Asked) -> Listing[PossibleDuplicate]:
    """One page of the queue, or of the pairs that were kept apart where the URL asks for them."""
    sorts: dict[str, list[Column]] = {
        "strength": [PossibleDuplicate.strength],
        "found": [PossibleDuplicate.found_at],
    }
    query = kept_apart() if asked.args.get("state") == APART else open_pairs()
    return fetch(query, asked, sorts, tie=PossibleDuplicate.id)


def pair_between(one: Contact, other: Contact) -> PossibleDuplicate | None:
    """The pair of these two, decided or not."""
    first, second = sorted((one.id, other.id))
    query = select(PossibleDuplicate).where(
        or_(
            and_(PossibleDuplicate.contact_id == first, PossibleDuplicate.other_id == second),
            and_(PossibleDuplicate.contact_id == second, PossibleDuplicate.other_id == first),
        )
    )
    return db.session.scalars(query.order_by(PossibleDuplicate.decided_at.is_not(None)).limit(1)).first()


def waiting() -> int:
    """How many pairs wait, counted up to one more than MOST_SHOWN."""
    few = open_pairs().with_only_columns(PossibleDuplicate.id).limit(MOST_SHOWN + 1)
    counted = select(func.count()).select_from(few.subquery())
    return db.session.scalar(counted.execution_options(unlogged="a count")) or 0


def contacts_of(pairs: Iterable[PossibleDuplicate]) -> Mapping[UUID, Contact]:
    """The contacts of these pairs by id, as far as the account shows them."""
    ids = {one for pair in pairs for one in (pair.contact_id, pair.other_id)}
    return {found.id: found for found in db.session.scalars(select(Contact).where(Contact.id.in_(ids)))} if ids else {}


def pairs_of(contact: Contact) -> list[tuple[PossibleDuplicate, Contact]]:
    """The open pairs that `contact` is in, the strongest first, each with the other contact; at most 20."""
    mine = or_(PossibleDuplicate.contact_id == contact.id, PossibleDuplicate.other_id == contact.id)
    query = open_pairs().where(mine).order_by(PossibleDuplicate.strength.desc(), PossibleDuplicate.id).limit(20)
    pairs = db.session.scalars(query).all()
    people = contacts_of(pairs)
    return [(pair, people[pair.other_id if pair.contact_id == contact.id else pair.contact_id]) for pair in pairs]


def side_of(contact: Contact) -> Side:
    """The contact with its policies, the latest first, and the number of its notes."""
    policies = select(CrmPolicy).where(CrmPolicy.contact_id == contact.id)
    noted = select(func.count()).select_from(Note).where(Note.contact_id == contact.id)
    return Side(
        contact,
        db.session.scalars(policies.order_by(CrmPolicy.effective_date.desc(), CrmPolicy.id).limit(20)).all(),
        db.session.scalar(noted.execution_options(unlogged="a count beside a contact that is logged")) or 0,
    )


def lines(one: Contact, other: Contact) -> list[Line]:
    """Every field that one of the two shows."""
    both = (one, other)
    told: dict[UUID, list[ContactSource]] = {one.id: [], other.id: []}
    sources = select(ContactSource).where(ContactSource.contact_id.in_([one.id, other.id]))
    newest_first = sources.order_by(ContactSource.as_of.desc(), ContactSource.carrier.desc(), ContactSource.id.desc())
    for source in db.session.scalars(newest_first.limit(200)):
        told[source.contact_id].append(source)
    found, brought = [], origins.of(told)
    for field in TYPED_FIELDS:
        first, second = (_said(contact, field, told[contact.id], brought) for contact in both)
        if first.value or second.value:
            found.append(Line(words.FIELDS[field], (first, second)))
    return [*found, _medicare(one, other)]


def _said(contact: Contact, field: str, sources: Sequence[ContactSource], brought: Origins) -> Said:
    value = words.shown(contact, field)
    if value is None:
        return Said(None, "")
    if contact.typed.get(field) or not contact.carried.get(field):
        return Said(value, words.entered(contact, field, brought))
    carriers = [words.carrier(s.carrier) for s in sources if s.carried.get(field) == contact.carried.get(field)]
    return Said(value, carriers[0] if carriers else "carrier")


def _medicare(one: Contact, other: Contact) -> Line:
    """Whether the two numbers are the same; the numbers themselves are revealed on each contact's own page."""
    hashes = [contact.mbi_hash or contact.typed_mbi_hash for contact in (one, other)]
    shown = ["On file" if number else None for number in hashes]
    if all(hashes):
        shown = ["The same number"] * 2 if hashes[0] == hashes[1] else ["A number", "Another number"]
    return Line("Medicare number", (Said(shown[0], ""), Said(shown[1], "")))
