"""What an upload would do, row by row, given the contacts of the account. Pure; the same plan is shown and carried out.

Rows with ladder data are decided by the ladder, all at once and with the contacts, as a run of Policy Sync does it.
The others wait for a person where somebody of that name is in the account.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from portal.connectors.ladder import name_key
from portal.crm import matching
from portal.crm.duplicates.statements.queue import LADDER
from portal.crm.matching import Person
from portal.crm.models import ADDRESS
from portal.crm.uploads import beside
from portal.crm.uploads.beside import Like
from portal.crm.uploads.known import Known
from portal.crm.uploads.rows import ReadRow
from portal.crm.uploads.weak import Named, shared
from portal.crm.values import blanks, differing

CREATE, MATCH, DUPLICATE, CANDIDATE = "create", "match", "duplicate", "candidate"
REMOVED, ERROR, LEFT = "removed", "error", "left"
OUTCOMES: Final = {
    CREATE: ("New contact", "info"),
    MATCH: ("In your account", "good"),
    DUPLICATE: ("New, possible duplicate", "warn"),
    CANDIDATE: ("Waits for you", "warn"),
    REMOVED: ("Removed by you", "neutral"),
    ERROR: ("Refused", "bad"),
    LEFT: ("Left out", "neutral"),
}
CHOSEN = "chosen"
ANSWERS: Final = ("new", "leave", "ask")
"""What a person may say of a row besides naming a contact; "ask" takes back what was said."""
NEW, LEAVE, ASK = ANSWERS
NAMELESS = "No contact has this number, and the row has no first and last name to make one of"
NOBODY = "The row says nothing about who it is: first and last name are missing"


@dataclass(slots=True)
class Planned:
    """One row and what becomes of it. `contact_id`: the contact it is about; one that it makes has the row's own id."""

    id: UUID
    row: ReadRow
    mbi_hash: str | None = None
    choice: str | None = None
    outcome: str = ERROR
    reason: str | None = None
    rung: str | None = None
    contact_id: UUID | None = None
    same_as: int | None = None
    candidates: list[UUID] = field(default_factory=list)
    doubts: list[tuple[UUID, str, int]] = field(default_factory=list)  # (other contact, reason, strength)
    likes: list[Like] = field(default_factory=list)  # whom it may be, beside what the ladder says; not kept
    fill: dict[str, str] = field(default_factory=dict)
    fills_mbi: bool = False
    replaces: dict[str, str] = field(default_factory=dict)  # what it says otherwise, where that is to stand
    lends: dict[str, str] = field(default_factory=dict)
    lends_mbi: bool = False
    was_owned: bool = False
    known_keys: dict[str, str] | None = None

    @property
    def keys(self) -> dict[str, str]:
        """Rung → value, for each rung of the ladder that the row can be found by."""
        if self.known_keys is None:
            self.known_keys = self.row.keys(self.mbi_hash)
        return self.known_keys


Near = Callable[[Sequence[Planned]], Iterable[Known]]


def plan(
    rows: Sequence[Planned],
    ladder: Iterable[Known],
    named: Iterable[Known],
    near: Near,
    settled: Mapping[UUID, set[str]] | None = None,
) -> None:
    """Decide every row of `rows`, in place.

    `ladder`: contacts that share a key with a row; `named`: contacts that share a name with one; removed ones too.
    `near` gives the contacts that share a birth date, phone, e-mail or address with rows that the ladder leaves alone.
    `settled`: None fills blanks only; else the rows' values replace others too, except these fields of a contact.
    """
    _forget(rows)
    ladder = list(ladder)
    known = {one.id: one for one in (*named, *ladder)}
    names = Named(known.values())
    for one in rows:
        if one.row.refused:
            one.reason = "; ".join(f"{p.column} {p.reason}" for p in one.row.problems)
        elif not one.keys and not one.row.named:
            one.reason = NOBODY
    strong = [one for one in rows if one.keys and not one.row.refused]
    _by_ladder(strong, ladder, known)
    _beside(rows, near, known)
    made = Named(_as_known(one) for one in strong if one.outcome in (CREATE, DUPLICATE))
    numbers = {one.contact_id: one.row.number for one in rows if one.outcome in (CREATE, DUPLICATE)}
    for one in rows:
        if not one.keys and one.row.named and not one.row.refused:
            _by_name(one, names, known, made, numbers)
    _fills(rows, known, settled)


def _forget(rows: Iterable[Planned]) -> None:
    """A row that was planned before is planned anew; what a person chose stays."""
    for one in rows:
        one.outcome, one.reason, one.rung, one.contact_id, one.same_as = ERROR, None, None, None, None
        one.candidates, one.doubts, one.likes, one.was_owned = [], [], [], False
        one.fill, one.fills_mbi, one.replaces, one.lends, one.lends_mbi = {}, False, {}, {}, False


def _by_ladder(rows: Sequence[Planned], contacts: Sequence[Known], known: Mapping[UUID, Known]) -> None:
    people = [
        Person(
            one.id, one.row.birth_date, one.mbi_hash, _first(one), {rung: {value} for rung, value in one.keys.items()}
        )
        for one in rows
    ]
    decisions = matching.decide([contact.person() for contact in contacts], people)
    groups: dict[UUID, list[Planned]] = {}
    for one in rows:
        root, one.rung = decisions.links[one.id]
        groups.setdefault(root, []).append(one)
    ids: dict[UUID, UUID] = {}
    for root, group in groups.items():
        if root in known:
            ids.update({one.id: root for one in group})
            for one in group:
                one.contact_id, one.outcome = root, REMOVED if known[root].removed else MATCH
        else:
            _make_one(group)
            ids.update({one.id: one.contact_id for one in group if one.contact_id})
    gone = {contact.id for contact in contacts if contact.removed}
    _doubt(rows, decisions.doubts, {**ids, **{one.id: one.id for one in contacts if one.id not in gone}}, gone)


def _first(one: Planned) -> str | None:
    return name_key(one.row.values.get("first_name", "")) or None


def _make_one(group: Sequence[Planned]) -> None:
    """The first row with a name makes the contact, the others of the group are the same person."""
    base = next((one for one in sorted(group, key=_number) if one.row.named), None)
    for one in group:
        if base is None:
            one.reason = NAMELESS
            continue
        one.contact_id, one.outcome = base.id, CREATE if one is base else MATCH
        one.same_as = None if one is base else base.row.number
    # A row that stands alone was matched with nobody.
    if base is not None and len(group) == 1:
        base.rung = None


def _number(one: Planned) -> int:
    return one.row.number


def _doubt(
    rows: Sequence[Planned], doubts: Iterable[matching.Doubt], ids: Mapping[UUID, UUID], gone: set[UUID]
) -> None:
    makers = {one.contact_id: one for one in rows if one.outcome in (CREATE, DUPLICATE)}
    seen: set[frozenset[UUID]] = set()
    for doubt in doubts:
        one, other = ids.get(doubt.person), ids.get(doubt.other)
        pair = frozenset((one, other)) if one and other else frozenset()
        if one is None or other is None or one == other or pair in seen or pair & gone:
            continue
        seen.add(frozenset((one, other)))
        told = makers.get(one) or makers.get(other) or next((row for row in rows if row.contact_id in pair), None)
        if told is not None:
            told.doubts.append((other if told.contact_id == one else one, doubt.reason, LADDER))
        for maker in (makers.get(one), makers.get(other)):
            if maker is not None:
                maker.outcome = DUPLICATE


def _beside(rows: Sequence[Planned], near: Near, known: dict[UUID, Known]) -> None:
    """A new contact that is like another one is looked at by a person, as after a sync."""
    alone = [one for one in rows if one.row.named and not one.row.refused and _is_alone(one)]
    people = list(near(alone)) if alone else []
    for person in people:
        known.setdefault(person.id, person)
    found = beside.likes({one.id: _as_known(one) for one in alone}, people)
    for one in alone:
        one.likes = found.get(one.id, [])
        if one.keys and one.likes:
            one.outcome = DUPLICATE
            told = {other for other, _, _ in one.doubts}
            new = (like for like in one.likes if like.contact.id not in told)
            one.doubts += [(like.contact.id, like.reason, like.strength) for like in new]


def _is_alone(one: Planned) -> bool:
    """Whether the ladder made a contact of the row, or had nothing to go by."""
    return one.outcome in (CREATE, DUPLICATE) if one.keys else True


def _as_known(one: Planned) -> Known:
    return Known(one.id, dict(one.row.values), one.mbi_hash)


def _by_name(
    one: Planned, names: Named, known: Mapping[UUID, Known], made: Named, numbers: dict[UUID | None, int]
) -> None:
    said = one.row.values
    everybody = names.candidates(said)
    found = {contact.id: contact for contact in everybody if not contact.removed}
    found |= {like.contact.id: like.contact for like in one.likes}
    living = one.candidates = sorted(found)
    # Whom a person chose stays chosen, even if the contact says something else by now.
    chosen = known.get(UUID(one.choice)) if one.choice and one.choice not in ANSWERS else None
    if one.choice == LEAVE:
        one.outcome = LEFT
    elif chosen is not None and not chosen.removed:
        one.outcome, one.rung, one.contact_id = MATCH, CHOSEN, chosen.id
    elif living and one.choice != NEW:
        one.outcome = CANDIDATE
    elif not living and (gone := [contact for contact in everybody if shared(said, contact.shown)]):
        one.outcome, one.contact_id = REMOVED, gone[0].id
    else:
        earlier = [contact for contact in made.candidates(said) if shared(said, contact.shown)]
        if len(earlier) == 1:
            one.outcome, one.rung, one.contact_id = MATCH, "name", earlier[0].id
            one.same_as = numbers[earlier[0].id]
            return
        one.outcome, one.contact_id = CREATE, one.id
        numbers[one.contact_id] = one.row.number
        made.add(_as_known(one))


def _fills(
    rows: Sequence[Planned], known: Mapping[UUID, Known], settled: Mapping[UUID, set[str]] | None = None
) -> None:
    """What each row adds, the earlier row first, and never a second Medicare number. No row replaces another row's.

    What it says again of a known contact is lent: it is the agent's word too, and stays when the carriers' is gone.
    """
    state: dict[UUID, Known] = {}
    done = {contact: set(names) for contact, names in (settled or {}).items()}
    for one in sorted(rows, key=lambda one: (one.outcome == MATCH, one.row.number)):
        if one.contact_id is None or one.outcome not in (CREATE, DUPLICATE, MATCH):
            continue
        if one.outcome != MATCH:
            state[one.contact_id] = Known(one.contact_id, dict(one.row.values), one.mbi_hash, typed_hash=one.mbi_hash)
            continue
        if one.contact_id in known:
            state.setdefault(one.contact_id, replace(known[one.contact_id]))
        held = state[one.contact_id]
        one.fill = blanks(held.shown, one.row.values)
        one.fills_mbi = one.mbi_hash is not None and held.mbi_hash is None
        if one.contact_id in known:
            one.was_owned = held.owned
            if settled is not None:
                by_file = done.setdefault(one.contact_id, set())
                one.replaces = _replacing(held.shown, one.row.values, by_file)
                by_file |= one.fill.keys() | one.replaces.keys()
            new = one.fill.keys() | one.replaces.keys()
            one.lends = blanks(held.told, {n: v for n, v in one.row.values.items() if n not in new})
            one.lends_mbi = one.mbi_hash is not None and one.mbi_hash == held.mbi_hash and held.typed_hash is None
        said = {**one.fill, **one.replaces}
        held.shown, held.told = {**held.shown, **said}, {**held.told, **said, **one.lends}
        held.mbi_hash = held.mbi_hash or one.mbi_hash
        held.typed_hash = held.typed_hash or (one.mbi_hash if one.fills_mbi or one.lends_mbi else None)


def _replacing(shown: Mapping[str, str], said: Mapping[str, str], by_file: set[str]) -> dict[str, str]:
    """What differs and was not said by the same file before: of an address all or nothing."""
    found = differing(shown, said)
    barred = by_file | (set(ADDRESS) if by_file & set(ADDRESS) else set())
    return {name: value for name, value in found.items() if name not in barred}
