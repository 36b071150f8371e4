"""What a run would do now, counted before anything happens."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Expected:
    """Counts of a rehearsed run. Those above `by_crosswalk` stand under the same names on the run itself.

    `policies` and `contacts` are what the account would hold afterwards; `by_…` lists are [word, count] of the book's
    policies under the NPNs, most first. `gaps`: {npn, name, producer_id, kind, policies, accounts} of further NPNs of
    the same person or agency. `elsewhere`: {npn, business_id, business} of NPNs that another Business is served by too.
    """

    policies: int = 0
    added: int = 0
    updated: int = 0
    handed_over: int = 0  # from one NPN of the account to another
    unchanged: int = 0
    released: int = 0
    removed_by_agent: int = 0
    contacts: int = 0
    contacts_new: int = 0
    contacts_linked: int = 0
    possible_duplicates: int = 0
    without_email: int = 0
    by_crosswalk: int = 0
    by_carrier: list[tuple[str, int]] = field(default_factory=list)
    by_product: list[tuple[str, int]] = field(default_factory=list)
    by_status: list[tuple[str, int]] = field(default_factory=list)
    gaps: list[dict[str, Any]] = field(default_factory=list)
    elsewhere: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """For keeping with the run: numbers, words, and ids as text."""
        return asdict(self)
