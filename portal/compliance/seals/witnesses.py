"""Witnesses: beside the anchor's folder, who is told every hour which seal of every chain is the newest.

A mailbox, or a store whose objects are locked. A seal names the hash of the one before it, so that one line holds the
whole chain up to it. What a store keeps is read again by every verification; of mails it is whoever has them that
gives them to `flask log verify --anchor`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from portal.compliance.seals import statements
from portal.compliance.seals.chain import moment
from portal.compliance.seals.scopes import chains, sealing
from portal.core.session import open_session

# Anywhere in a text: mails are quoted, indented and kept in many a form.
_LINE = re.compile(
    r"\b([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}) ([1-9][0-9]{0,9}) ([0-9a-f]{64}) (\d{4}-[0-9T:.-]{21}Z)"
)


@dataclass(frozen=True, slots=True)
class Told:
    """What a witness was told: the newest seal of a chain, by number and hash, and when it was made."""

    chain: UUID
    n: int
    hash: bytes
    sealed_at: str

    @property
    def line(self) -> str:
        """As mails and objects spell it, and `read` reads it."""
        return f"{self.chain} {self.n} {self.hash.hex()} {self.sealed_at}"


Witnessed = Mapping[UUID, Sequence[Told]]  # chain → what was told of it


def newest() -> list[Told]:
    """The newest seal of every chain that has one."""
    found = []
    for chain in chains():
        with open_session(sealing(chain)) as session:
            seal = statements.newest(session, chain)
        if seal is not None:
            found.append(Told(chain, seal.n, seal.hash, moment(seal.sealed_at)))
    return found


def read(text: str) -> list[Told]:
    """Every line that stands anywhere in `text`."""
    return [Told(UUID(one[1]), int(one[2]), bytes.fromhex(one[3]), one[4]) for one in _LINE.finditer(text)]


def by_chain(told: Iterable[Told]) -> Witnessed:
    """`told` for each chain, each line once."""
    found: dict[UUID, list[Told]] = defaultdict(list)
    for one in dict.fromkeys(told):
        found[one.chain].append(one)
    return found
