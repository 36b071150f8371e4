"""What a run would do, worked out before Complete: shown on the form, kept with the run, and compared on Complete."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer

from portal.businesses.models import Business
from portal.businesses.queries import npns_by_business
from portal.connectors import words
from portal.core.words import counted
from portal.provisioning import queries
from portal.sync import operations as runs
from portal.sync.comparison import LABELS
from portal.sync.expected import Expected

_WORDS = {
    "policies": "policies in the account",
    "added": "policies to add",
    "updated": "policies to update",
    "released": "policies to release",
    "contacts_new": "new contacts",
    "contacts_linked": "matched contacts",
    "possible_duplicates": "possible duplicates",
}
_SUMMED = {
    "added": "Policies to add",
    "updated": "To update",
    "released": "To release",
    "contacts_new": "New contacts",
    "contacts_linked": "Matched contacts",
    "possible_duplicates": "Possible duplicates",
    "without_email": "Without e-mail",
}
_OF_NEW = ("added", "contacts_new", "possible_duplicates", "without_email")
Key = TypeVar("Key", UUID, str)
EXACT = 50  # accounts that are rehearsed one by one
FEW, SHARE = 5, 0.1  # what changes by more than both while a form is open is shown first


def foresee(npns: Sequence[str], business_id: UUID | None = None) -> Expected:
    """What a run for an account with `npns` would do now; nothing is changed. `business_id` None: a new account."""
    return runs.rehearse(npns=npns, business_id=business_id)


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key or "", salt="provisioning.shown")


def seal(about: str, expected: Expected) -> str:
    """The figures of a page about `about` as text that only this portal can have written."""
    return seal_all({about: expected})


def seal_all(each: Mapping[Any, Expected]) -> str:
    """The same for a page about many: what it is about → what is expected."""
    told = {str(about): [getattr(expected, name) for name in LABELS] for about, expected in each.items()}
    return str(_signer().dumps(told))


def shown(sealed: str | None, about: object) -> dict[str, int]:
    """The figures that a page about `about` had shown; none where the text is no seal of such a page."""
    try:
        said: Any = _signer().loads(sealed or "")
    except BadSignature:
        return {}
    figures = said.get(str(about)) if isinstance(said, dict) else None
    return dict(zip(LABELS, figures, strict=True)) if figures else {}


def kept(sealed: str | None, about: object, expected: Expected | None) -> dict[str, Any] | None:
    """What a run keeps of what was foreseen: the figures that were shown, else those of now."""
    return {**expected.as_json(), **shown(sealed, about)} if expected else None


def drift(sealed: str | None, about: object, expected: Expected | None) -> str | None:
    """What differs greatly from what the page had shown, as a sentence; None where nothing does, or nothing was shown.

    Nothing is to be started then before a person has seen the new figures.
    """
    then = shown(sealed, about)
    if not then or expected is None:
        return None
    changed = [
        f"{now:,} {words} instead of {then[name]:,}"
        for name, words in _WORDS.items()
        if abs((now := int(getattr(expected, name))) - then[name]) > max(FEW, SHARE * max(now, then[name]))
    ]
    if not changed:
        return None
    told = ", ".join(changed)
    return f"What would happen changed while the form was open: {told}. Nothing was started. Look at it again first."


def drift_of_many(sealed: str | None, each: Mapping[Any, Expected], named: Callable[[Any], str]) -> str | None:
    """The same for a page about many, each called by its name."""
    told = [(key, found) for key, one in each.items() if (found := drift(sealed, key, one))]
    if len(told) == 1:
        return f"{named(told[0][0])}: {told[0][1]}"
    changed = f"What would happen changed for {len(told)} of them while the page was open."
    return f"{changed} Nothing was started. Look at it again first." if told else None


def kept_of_many(sealed: str | None, each: Mapping[Key, Expected]) -> dict[Key, dict[str, Any] | None]:
    """What each one's run keeps of it."""
    return {key: kept(sealed, key, one) for key, one in each.items()}


def headline(expected: Expected, *, fresh: bool) -> str:
    """The totals in one sentence, of an account that is still to be made (`fresh`) or of one that is there."""
    count = counted(expected.policies, "policy", "policies")
    if not expected.policies and not expected.released:
        return "No policy in your book is written under these NPNs, so nothing would come into the account."
    if fresh:
        return f"{count} of {counted(expected.contacts, 'person', 'people')} would come into the account."
    verbs = {
        "add": expected.added,
        "update": expected.updated,
        "hand over": expected.handed_over,
        "release": expected.released,
    }
    parts = [f"{verb} {number:,}" for verb, number in verbs.items() if number]
    if not parts:
        return f"The account has {count}, all up to date: nothing would change."
    return f"A run would {_listed(parts)}; {count} would then be in the account."


def figures(expected: Expected, *, fresh: bool) -> list[tuple[str, int, None]]:
    """(label, value, no address) for `facts.figures`."""
    named = {"Policies": expected.policies}
    if not fresh:
        named |= {"To add": expected.added, "To update": expected.updated, "To release": expected.released}
    named |= {
        "New contacts": expected.contacts_new,
        "Matched contacts": expected.contacts_linked,
        "Possible duplicates": expected.possible_duplicates,
        "Without e-mail": expected.without_email,
    }
    return [(label, value, None) for label, value in named.items()]


def by_carrier(expected: Expected) -> list[tuple[str, int]]:
    """(carrier, policies), most first."""
    return [(words.carrier(key), count) for key, count in expected.by_carrier]


def by_product(expected: Expected) -> list[tuple[str, int]]:
    """(product, policies), most first."""
    return [(name or "Not named by the carrier", count) for name, count in expected.by_product]


def by_status(expected: Expected) -> list[tuple[str, int]]:
    """(status in words, policies), most first."""
    return [(words.status(key)[0], count) for key, count in expected.by_status]


def _listed(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


@dataclass(frozen=True, slots=True)
class Summed(Generic[Key]):
    """What runs of many accounts would do together. Not `exact`: only policies that changed since each one's run.

    `each` is what goes with every account's own run, by its Business or, where that is still to be made, its NPN.
    """

    exact: bool
    totals: dict[str, int]
    each: dict[Key, Expected]

    def figures(self) -> list[tuple[str, int, None]]:
        """(label, value, no address) for `facts.figures`."""
        return [(label, self.totals[name], None) for name, label in _SUMMED.items() if name in self.totals]


def summed(businesses: Sequence[Business]) -> Summed[UUID]:
    """What re-syncing all of them would do: rehearsed one by one up to `EXACT`, beyond it counted in one statement."""
    if len(businesses) > EXACT:
        changes = queries.changes_since(businesses)
        added, updated = (sum(pair[at] for pair in changes.values()) for at in (0, 1))
        return Summed(False, {"added": added, "updated": updated}, {})
    npns = npns_by_business(one.id for one in businesses)
    found = {one.id: foresee(npns[one.id], one.id) for one in businesses}
    return Summed(True, _sum(found.values(), _SUMMED), found)


def summed_new(npns: Sequence[str]) -> Summed[str]:
    """What new accounts with one NPN each would get: rehearsed one by one up to `EXACT`, beyond it counted."""
    if len(npns) > EXACT:
        policies, people = queries.book_under(npns)
        return Summed(False, {"added": policies, "contacts_new": people}, {})
    found = {npn: foresee([npn]) for npn in npns}
    return Summed(True, _sum(found.values(), _OF_NEW), found)


def _sum(found: Iterable[Expected], names: Iterable[str]) -> dict[str, int]:
    together = list(found)
    return {name: sum(int(getattr(one, name)) for one in together) for name in names}
