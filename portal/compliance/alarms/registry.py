"""What can be alarming. A room that knows something alarming registers its kind here, once for the program."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from portal.core.ids import parse_id


@dataclass(frozen=True, slots=True)
class Finding:
    """That something holds now: what it is about ("" for the whole FMO), and counts or ids that `says` puts into words.

    Never a name, a number of a policy or a word that somebody typed: facts are kept, and go into a mail.
    """

    subject: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


Check = Callable[[UUID], Sequence[Finding]]
Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of alarm.

    `check` gets an FMO and answers with everything of the kind that holds now, in sessions of its own. `place` is
    the address where it is looked into, given the subject. `settles`: it waits for no note of its own, since whatever
    ends it is itself an officer's recorded doing. `mails` and `on_home`: officers get a mail, and
    it stands on their home; False where its room tells of it there itself.
    """

    name: str
    title: str
    says: Callable[[Facts], str]
    to_do: str
    check: Check
    place: Callable[[str], str]
    place_label: str
    about: str | None = None  # the kind of subject, as the log names it: "user"
    settles: bool = False
    mails: bool = True
    on_home: bool = True


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    """Make a kind known; registering it again takes the place of the first."""
    _kinds[kind.name] = kind
    return kind


def every() -> list[Kind]:
    """All kinds, in the order in which they were registered."""
    return list(_kinds.values())


def find(name: str) -> Kind | None:
    """The kind of that name; None for one that this version no longer knows."""
    return _kinds.get(name)


def waits_for_note(name: str) -> bool:
    """Whether an alarm of this kind is open until an officer has written about it."""
    known = _kinds.get(name)
    return known is None or not known.settles


def subject_id(subject: str) -> UUID | None:
    """The id in an alarm's subject, if it is one."""
    return parse_id(subject)
