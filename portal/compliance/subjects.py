"""How the compliance pages name what an entry speaks of. The rooms of the records register their kinds here.

Names are for people who work with the portal and for their accounts; a member is only ever an id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from portal.core.words import counted

Names = Callable[[Sequence[UUID]], dict[UUID, str]]
Find = Callable[[str, int], Sequence[tuple[UUID, str]]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of subject in words: one of it, many of it, and how ids become names where they have any."""

    one: str
    many: str
    names: Names | None = None
    find: Find | None = None


Words = Callable[[str], str]

_kinds: dict[str, Kind] = {}
_words: dict[str, Words] = {}
# The details of an entry that name a Business: what is logged of users, NPNs and activities is about that one.
BUSINESS_DETAILS = ("business", "from_business", "on_id", "other_id")


def register(kind: str, one: str, many: str, *, names: Names | None = None, find: Find | None = None) -> None:
    """Say how `kind` reads. `names(ids)` gives {id: name}; `find(text, limit)` gives (id, name) by part of the name."""
    _kinds[kind] = Kind(one, many, names, find)


def register_words(detail: str, words: Words) -> None:
    """Say how the stored word of a detail reads; "reason" stands for the entry's own reason."""
    _words[detail] = words


def worded(detail: str, value: str) -> str:
    """The stored word of a detail in the words people see; one that nobody registered as it is."""
    known = _words.get(detail)
    return known(value) if known else value


def words(kind: str, count: int) -> str:
    """ "1 policy", "1,204 policies"; a kind that nobody registered reads as it is stored."""
    known = _kinds.get(kind) or Kind(plain := kind.replace("_", " "), f"{plain}s")
    return counted(count, known.one, known.many)


def label(kind: str) -> str:
    """The kind itself, for a heading: "Policies"."""
    many = words(kind, 2).split(" ", 1)[1]
    return many[:1].upper() + many[1:]


def names(kind: str, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Names of those ids that have one; ids without a name, or no longer there, are left out."""
    known, wanted = _kinds.get(kind), list(ids)
    return known.names(wanted) if known and known.names and wanted else {}


def find(kind: str, text: str, limit: int) -> Sequence[tuple[UUID, str]]:
    """At most `limit` records of `kind` by part of their name, sorted by name; "" finds all."""
    known = _kinds.get(kind)
    return known.find(text, limit) if known and known.find else []
