"""The kinds of second factor. A shelf that has one registers it here; the pages ask for whatever is registered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from portal.core.scope import Login, Role, Scope
from portal.core.session import TenantSession, open_session
from portal.identity.models import User
from portal.identity.origin import scope_of

Context = Callable[[TenantSession, User], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of factor. Its functions get a session of the login `identity` in the person's FMO.

    `prove` is a template by which it is proved, on the challenge and before what is delicate: `at` is "second" or
    "step_up". A proof goes through `operations.attempt` and then `arriving.go_through` or `stepping.proved`. Where
    `carries` is true the page asks in place of another: the form posts to `prove_at` what `carried_fields(carried)`
    prints and a field `proof_<name>`, which `check` judges for the person and the session's id. `enrol` is a template
    that offers the kind to whoever holds none yet, in a half-way session; what adds it ends with
    `views.enrolling.enrolled`. Both templates know what `context` gives.
    """

    name: str
    held: Callable[[TenantSession, User], int]  # how many the person holds
    drop: Callable[[TenantSession, User], int]  # take all of them away
    holders: Callable[[TenantSession, UUID], Iterable[UUID]]  # everybody of an FMO who holds one
    prove: str
    enrol: str
    context: Context = lambda work, user: {}
    check: Callable[[User, UUID | None, str], Callable[[TenantSession], bool]] | None = None


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    """Make a kind known, once for the program."""
    if kind.name in _kinds:
        raise ValueError(f"The kind of factor {kind.name} is registered twice.")
    _kinds[kind.name] = kind
    return kind


def every() -> list[Kind]:
    """All kinds, in the order in which they were registered."""
    return list(_kinds.values())


def reading(user: User) -> AbstractContextManager[TenantSession]:
    """A session of the login `identity` in the user's FMO: factors of no other are to be seen in it."""
    return open_session(scope_of(user, login=Login.IDENTITY))


def held_by(work: TenantSession, user: User) -> dict[str, int]:
    """How many factors of each kind the person holds; kinds of which there is none are left out."""
    # In a session of no FMO or another one the wall would show nothing, and nobody would be asked for what they hold.
    assert work.scope().fmo_id == user.fmo_id, "factors are read in their person's FMO"
    counted = {kind.name: kind.held(work, user) for kind in every()}
    return {name: count for name, count in counted.items() if count}


def holders(fmo_id: UUID) -> set[UUID]:
    """Everybody of an FMO who holds a second factor of some kind, however many people it has."""
    with open_session(Scope(login=Login.IDENTITY, role=Role.SYSTEM, fmo_id=fmo_id)) as work:
        return {user_id for kind in every() for user_id in kind.holders(work, fmo_id)}


def offered(work: TenantSession, user: User, names: Mapping[str, int] | None = None) -> dict[str, Any]:
    """What the templates of the kinds need together; only of those in `names`, where it is given."""
    context: dict[str, Any] = {}
    chosen = [kind for kind in every() if names is None or kind.name in names]
    for kind in chosen:
        context |= kind.context(work, user)
    return context | {"kinds": chosen}
