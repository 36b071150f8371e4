"""What the rooms above tell of members and copies. They register here; this room knows neither."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

Pair = tuple[UUID, UUID]  # Business and policy
Carriers = Callable[[Sequence[Pair]], Mapping[Pair, tuple[str, str]]]
Names = Callable[[Sequence[UUID]], Mapping[UUID, str]]
CarrierNames = Callable[[], Mapping[str, str]]
States = Callable[[Sequence[UUID]], Mapping[str, int]]
_carriers: list[Carriers] = []
_people: list[tuple[Names, States, CarrierNames]] = []


def register_carriers(function: Carriers) -> None:
    """Name the function that tells carrier and NPN of copies, released ones too. One for the program."""
    _carriers[:] = [function]


def register_people(names: Names, states: States, carrier_names: CarrierNames) -> None:
    """Name the functions that tell members' names, how many of them live in which state, and the FMO's carriers."""
    _people[:] = [(names, states, carrier_names)]


def carriers(pairs: Sequence[Pair]) -> Mapping[Pair, tuple[str, str]]:
    """(carrier, NPN) of each copy; one that was never made is left out."""
    return _carriers[0](pairs) if pairs else {}


def names(members: Sequence[UUID]) -> Mapping[UUID, str]:
    """The members' names; whoever asks logs that. One that the FMO has not, or has no more, is left out."""
    return _people[0][0](members) if members else {}


def states(members: Sequence[UUID]) -> Mapping[str, int]:
    """How many of the members live in which state."""
    return _people[0][1](members) if members else {}


def carrier_names() -> Mapping[str, str]:
    """Every carrier that the FMO can have policies of, by the word that is stored."""
    return _people[0][2]()
