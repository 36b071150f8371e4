"""What a carrier layout is, once it is declared: columns, words, identity and the writing agent.

Nothing about any carrier stands in Python; `layouts` makes these from declarative data, `layout_checks` finds what is
wrong with one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from portal.connectors.digest import digest_of
from portal.connectors.full_sets import FullSet

FIELDS: Final = (
    "policy_number", "member_number", "first_name", "middle_name", "last_name", "full_name", "suffix", "birth_date",
    "gender", "mbi", "email", "phone", "address1", "address2", "city", "state", "zip", "county", "effective_date",
    "term_date", "renewal_date", "received_date", "status", "status_reason", "plan_id", "contract", "pbp", "segment",
    "plan_name", "product", "line_of_business", "premium", "writer_from", "writer_to", "deceased_date",
)  # fmt: skip
"""What a column may be mapped to. `full_name` stands for the name fields, contract/pbp/segment for `plan_id`."""

IDENTITY_PARTS: Final = {
    "policy_number": ("policy_number",),
    "member_number": ("member_number",),
    "effective_date": ("effective_date",),
    "line_of_business": ("line_of_business", "product", "plan_name"),
    "plan": ("plan_id", "contract", "plan_name", "product"),
}
"""What may make up an identity, and the fields of which at least one must be mapped for it."""

REASONS: Final = (
    "voluntary", "involuntary", "deceased", "plan_terminated", "other_coverage", "non-payment", "agent_changed",
    "unknown",
)  # fmt: skip


class LayoutError(ValueError):
    """A layout contradicts itself or lacks something; `str(error)` names the layout and the entry."""


def header_key(header: str) -> str:
    """The header without case, blanks and punctuation: "Zip Code" and "ZIP_CODE" are the same column."""
    return re.sub(r"[^a-z0-9#]+", "", header.casefold())


@dataclass(frozen=True, slots=True)
class Column:
    """A header as the carrier writes it; `occurrence` 2 is the second column of that name, from the left."""

    header: str
    occurrence: int = 1
    by_place: bool = False  # the layout said which of several columns of this name it means

    @property
    def key(self) -> tuple[str, int]:
        """What two spellings of one column have in common."""
        return header_key(self.header), self.occurrence


@dataclass(frozen=True, slots=True)
class Role:
    """A column with an agent's NPN and, where the file has them, those with the name."""

    npn: Column
    name: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Crosswalk:
    """The carrier's own identifier of the writer, used when no NPN is in the row."""

    kind: str
    column: Column
    name: tuple[Column, ...]
    tax_id: bool  # nine digits, perhaps a person's social security number
    needs_confirmation: bool  # the FMO must say that this role is the writer before it may attribute anything


@dataclass(frozen=True, slots=True)
class Writer:
    """Which columns name the writing agent, and in a sentence what that role really is."""

    says: str
    main: Role | None
    people: tuple[Role, ...]  # person-level columns; they win when they name exactly one person
    agency_words: frozenset[str]  # a name with one of these is an agency's
    crosswalk: Crosswalk | None


@dataclass(frozen=True, slots=True)
class ProductRule:
    """Where `pattern` is found in the product columns, the product and line of business that it means."""

    pattern: re.Pattern[str]
    product: str | None
    line: str


@dataclass(frozen=True, slots=True)
class Layout:
    """One carrier file layout, complete and free of contradictions."""

    name: str
    carrier: str  # key, as in "humana"
    carrier_name: str
    fingerprint: tuple[Column, ...]
    columns: Mapping[str, tuple[Column, ...]]  # field -> columns, the first that is not empty counts
    identity: tuple[str, ...]
    date_order: str
    date_forms: tuple[str, ...]
    open_ends: frozenset[date]
    empty: frozenset[str]  # case-folded
    statuses: Mapping[str, str]  # case-folded word -> Status value
    reasons: Mapping[str, str]  # case-folded word -> one of REASONS
    product_from: tuple[Column, ...]
    products: tuple[ProductRule, ...]
    shown_agents: Mapping[str, Column]  # label -> column
    unit_before_street: bool  # the carrier sometimes swaps street and unit
    writer: Writer
    full_set: FullSet | None  # what its files of one day must be to tell all; the FMO's own word counts

    @property
    def digest(self) -> str:
        """Stands for all that this layout makes of a file: two of the same digest read every row alike."""
        return digest_of(self, leave_out=frozenset({"name", "full_set"}))

    def all_columns(self) -> Iterator[Column]:
        """Every column the layout names anywhere, some perhaps twice."""
        yield from self.fingerprint
        for columns in self.columns.values():
            yield from columns
        yield from self.product_from
        yield from self.shown_agents.values()
        for role in (*self.writer.people, *filter(None, (self.writer.main,))):
            yield role.npn
            yield from role.name
        if self.writer.crosswalk:
            yield self.writer.crosswalk.column
            yield from self.writer.crosswalk.name
