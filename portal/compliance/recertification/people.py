"""Everybody who has access, and how it is withdrawn. The rooms of the people register both here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from portal.core.scope import Scope


@dataclass(frozen=True, slots=True)
class Person:
    """A user of the FMO who may sign in, could by an invitation, or is locked out and may be let in again."""

    id: UUID
    name: str
    email: str
    role: str
    account_id: UUID | None
    account: str | None
    npn: str | None
    state: str  # active | invited | locked
    last_sign_in_at: datetime | None
    has_factor: bool


class NotWithdrawn(Exception):
    """The access was not withdrawn; the text says why and what to do. Nothing was changed."""


Everybody = Callable[[], Sequence[Person]]
Withdraw = Callable[[UUID, Scope], None]
Follows = Callable[[UUID], Sequence[str]]
_everybody: list[Everybody] = []
_withdraw: list[Withdraw] = []
_follows: list[Follows] = []


def register(everybody: Everybody, withdraw: Withdraw, follows: Follows) -> None:
    """Name the functions, once for the program.

    `everybody()` gives all people of the FMO at work. `withdraw(user_id, by)` closes a sign-in in the transaction at
    work and ends its sessions; it raises `NotWithdrawn`. `follows(user_id)` says in sentences what others would lose.
    """
    _everybody[:], _withdraw[:], _follows[:] = [everybody], [withdraw], [follows]


def everybody() -> Sequence[Person]:
    """All people of the FMO at work who have access."""
    return _everybody[0]()


def withdraw(user_id: UUID, by: Scope) -> None:
    """Close somebody's sign-in, effective at once; raises `NotWithdrawn`."""
    _withdraw[0](user_id, by)


def follows(user_id: UUID) -> Sequence[str]:
    """What withdrawing somebody's access means for others, in sentences for who is about to; nothing as a rule."""
    return _follows[0](user_id)
