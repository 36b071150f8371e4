"""Events: what can happen, in one declared word each, and the sentence that the compliance pages show for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """A thing that can be logged. `fields` are the only keys that its details may have; none carries a value of PHI."""

    name: str  # subject.action
    says: str  # past tense, for people: "looked at a list of policies"
    fields: tuple[str, ...] = ()
    change: bool = False


_declared: dict[str, Event] = {}


def reads(name: str, says: str, fields: tuple[str, ...] = ()) -> Event:
    """Declare an event of seeing; names are unique over the program."""
    return _declare(Event(name, says, fields))


def changes(name: str, says: str, fields: tuple[str, ...] = ()) -> Event:
    """Declare an event of changing; names are unique over the program."""
    return _declare(Event(name, says, fields, change=True))


def declared() -> dict[str, Event]:
    """Every event of the program by name."""
    return dict(_declared)


def _declare(event: Event) -> Event:
    if event.name in _declared:
        raise ValueError(f"The event {event.name} is declared twice.")
    if event.name.count(".") != 1:
        raise ValueError(f"The event {event.name} is not of the form subject.action.")
    _declared[event.name] = event
    return event
