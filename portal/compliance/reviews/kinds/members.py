"""Accesses to members who stand near to somebody: on the watch list, or to the user themself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

from portal.compliance.reviews import events
from portal.compliance.reviews.kinds import parts
from portal.compliance.reviews.registry import Found, Period, register
from portal.compliance.reviews.statements import members
from portal.core.words import counted

Pair = tuple[UUID, UUID]  # user, member
Related = Callable[[UUID, Sequence[Pair]], dict[Pair, str]]
_related: list[Related] = []
_OWN_WORK = (events.WATCHED.name, events.WATCHED_SEEN.name, events.UNWATCHED.name, events.SEEN.name)


def register_related(related: Related) -> None:
    """Name the function that tells which members bear the user's name or share their household, and which of both.

    This room knows no member: what is compared stays where it is, and nothing but pairs of ids comes back.
    """
    _related[:] = [related]


def watched(period: Period) -> Iterable[Found]:
    """Whoever had to do with a member of the watch list."""
    for row in members.watched(period.session, _OWN_WORK, **period.values):
        why = f"{_accesses(row.entries)} to {counted(len(row.members), 'member')} on the watch list."
        one = {"member": str(row.members[0])} if len(row.members) == 1 else {}
        yield parts.found([row], why, more=one, members=row.members, figures={"members": len(row.members)})


def related(period: Period) -> Iterable[Found]:
    """Whoever saw members that bear their surname or share their household."""
    pairs = [(row.actor_id, row.member_id) for row in members.seen(period.session, **period.values)]
    how = _related[0](period.fmo_id, pairs) if _related and pairs else {}
    if not how:
        return
    actors, ids = zip(*how, strict=True)
    for row in members.of_pairs(period.session, actors, ids, **period.values):
        said = list(dict.fromkeys(how[row.actor_id, one] for one in row.members))
        why = f"{_accesses(row.entries)} to {counted(len(row.members), 'member')} with {' or '.join(sorted(said))}."
        one = {"member": str(row.members[0])} if len(row.members) == 1 else {}
        yield parts.found([row], why, more=one, members=row.members, figures={"members": len(row.members)})


def _accesses(number: int) -> str:
    return counted(number, "access", "accesses")


register(
    "watched", "Members on the watch list", "Every access to a member of the watch list, deliveries included.", watched
)
register(
    "related",
    "Same surname or household",
    "People who saw members with their own surname, or who share their street address, e-mail address or phone.",
    related,
)
