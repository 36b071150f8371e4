"""What upper rooms want to know, or to have a say in, when the downline changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from portal.downline.models import Producer


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the crosswalk as data, so that it can be kept and made later: see `operations.make_again`.

    `subject` is the record, or the line that there was; `arguments` are JSON, of a TIN only hash and last digits.
    `named` are the (carrier, kind, value) that may mean another NPN afterwards, values as they are compared.
    """

    kind: str  # identifier_add | identifier_edit | identifier_end | identifier_import | npn_change
    title: str  # what it is, for a person
    subject: UUID | None
    arguments: dict[str, Any]
    named: tuple[tuple[str, str, str], ...]
    approval: str | None = None  # what the watcher gave for a change that it held before


class Held(Exception):
    """The change was not made: it waits for a second person under `held_id`. The text is a sentence for whoever asked.

    Not an error of the transaction, which must be committed: it keeps what waits.
    """

    def __init__(self, sentence: str, held_id: UUID) -> None:
        super().__init__(sentence)
        self.held_id = held_id


Watcher = Callable[[Change, Callable[[], None]], None]
NpnGuard = Callable[[Producer], str | None]

_watcher: list[Watcher] = []
_guards: list[NpnGuard] = []


def watch_crosswalk(watcher: Watcher) -> None:
    """Let `watcher(change, write)` make every change of the crosswalk, by calling `write`, or raise `Held`.

    One for the program: what follows from a change, and whether it may be made at all, is one decision.
    """
    if _watcher and _watcher[0] is not watcher:
        raise RuntimeError("The crosswalk has its watcher already.")
    _watcher[:] = [watcher]


def make(change: Change, write: Callable[[], None]) -> None:
    """Make a change of the crosswalk by `write`, under the eyes of whoever watches. Raises `Held`."""
    if _watcher:
        _watcher[0](change, write)
    else:
        write()


def guard_npn(refuses: NpnGuard) -> None:
    """Ask `refuses(producer)` before its NPN is changed: a sentence that says why not, or None."""
    if refuses not in _guards:
        _guards.append(refuses)


def npn_refusal(producer: Producer) -> str | None:
    """Why the NPN of this record may not be changed, or None."""
    return next((said for guard in _guards if (said := guard(producer))), None)
