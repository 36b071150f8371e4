"""What a carrier layout is, once it is declared: columns, words, identity and the writing agent.

Nothing about any carrier stands in Python; `layouts` makes these from declarative data, `layout_checks` finds what is
wrong with one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from portal.connectors.digest import digest_of
from portal.connectors.fixed_width import FixedWidth
from portal.connectors.full_sets import FullSet

FIELDS: Final = (
    "policy_number", "member_number", "first_name", "middle_name", "last_name", "full_name", "suffix", "birth_date",
    "gender", "mbi", "email", "phone", "address1", "address2", "city", "state", "zip", "county", "effective_date",
    "term_date", "renewal_date", "received_date", "status", "status_reason", "plan_id", "contract", "pbp", "segment",
    "plan_name", "product", "line_of_business", "premium", "writer_from", "writer_to", "deceased_date", "policy_start",
    "payer",
)  # fmt: skip
"""What a column may be mapped to. `full_name` stands for the name fields, contract/pbp/segment for `plan_id`.

`policy_start` only tells enrolments apart, where `effective_date` also moves with the agent. `payer` keeps the members
of several payers apart whose numbers stand in one file.
"""

IDENTITY_PARTS: Final = {
    "policy_number": ("policy_number",),
    "member_number": ("member_number",),
    "effective_date": ("effective_date",),
    "line_of_business": ("line_of_business", "product", "plan_name"),
    "plan": ("plan_id", "contract", "plan_name", "product"),
    "person": ("birth_date",),
    "policy_start": ("policy_start",),
    "payer": ("payer",),
}
"""What may make up an identity, and the fields of which at least one must be mapped for it.

`person` is first name, last name and birth date, for files that have no number of the member.
"""

CROSSWALK_KINDS: Final = ("san", "tin", "writing_number", "producer_code", "agent_id", "broker_id")
"""What a carrier may call the writing agent instead of by NPN."""

BY_DATES: Final = "by_dates"
"""The default status that reads: not begun, under way or ended on the day of the file."""

NEVER_READ: Final = frozenset({"ssn", "ssnumber", "socialsecurity", "socialsecuritynumber", "socialsecurity#"})
"""Headers, as `header_key` gives them, that no layout may map to anything."""

REASONS: Final = (
    "voluntary", "involuntary", "deceased", "plan_terminated", "other_coverage", "non-payment", "agent_changed",
    "unknown",
)  # fmt: skip


class LayoutError(ValueError):
    """A layout contradicts itself or lacks something; `str(error)` names the layout and the entry."""


def header_key(header: str) -> str:
    """The header without case, blanks and punctuation: "Zip Code" and "ZIP_CODE" are the same column."""
    return re.sub(r"[^a-z0-9#]+", "", header.casefold())


@lru_cache(maxsize=8192)
def _declared_key(header: str) -> str:
    # Headers of layouts only: what stands in a file is kept nowhere.
    return header_key(header)


@dataclass(frozen=True, slots=True)
class Column:
    """A header as the carrier writes it; `occurrence` 2 is the second column of that name, from the left."""

    header: str
    occurrence: int = 1
    by_place: bool = False  # the layout said which of several columns of this name it means

    @property
    def key(self) -> tuple[str, int]:
        """What two spellings of one column have in common."""
        return _declared_key(self.header), self.occurrence


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
    may_be_npn: bool  # what stands after the last "/" is an NPN where an agent of the downline has it and the name


@dataclass(frozen=True, slots=True)
class Writer:
    """Which columns name the writing agent, and in a sentence what that role really is."""

    says: str
    main: Role | None
    people: tuple[Role, ...]  # person-level columns; they win when they name exactly one person
    agency_words: frozenset[str]  # a name with one of these is an agency's
    crosswalk: Crosswalk | None
    or_crosswalk: Crosswalk | None  # where the first has no value in the row
    nobody: bool  # the file names no agent at all, and the layout knows it

    @property
    def crosswalks(self) -> tuple[Crosswalk, ...]:
        """The carrier's own identifiers of the writer, in the order in which they are tried."""
        return tuple(filter(None, (self.crosswalk, self.or_crosswalk)))

    @property
    def rule(self) -> str:
        """Which columns decide, as one text: a confirmation of this rule holds until the text changes."""
        roles = [*self.people, *([self.main] if self.main else [])]
        parts = [f"npn {header_key(role.npn.header)}:{role.npn.occurrence}" for role in roles]
        parts += [f"{one.kind} {header_key(one.column.header)}:{one.column.occurrence}" for one in self.crosswalks]
        return ", ".join(parts) or "nobody"


@dataclass(frozen=True, slots=True)
class StatusFrom:
    """Where a status comes from when the row does not say it, or does not say all."""

    default: str | None  # a Status value, or `BY_DATES`
    file_name: Mapping[str, str]  # word in the file's name, case-folded letters and digits -> Status value
    refines: frozenset[str]  # statuses of a row that the word in the file's name takes the place of


@dataclass(frozen=True, slots=True)
class Mark:
    """A column whose values tell this carrier's file from another's with the same header."""

    column: Column
    pattern: re.Pattern[str]


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
    date_orders: Mapping[str, str]  # field -> its own order, where its column is written otherwise
    date_forms: tuple[str, ...]
    open_ends: frozenset[date]
    decimal: str | None  # what stands before the cents; None: a point, and commas anywhere are passed over
    last_name_first: bool  # a full name without a comma begins with the family name
    older_rows: bool  # whoever mapped it has said that rows of one identity are older states of it
    empty: frozenset[str]  # case-folded
    statuses: Mapping[str, str]  # case-folded word -> Status value
    reasons: Mapping[str, str]  # case-folded word -> one of REASONS
    product_from: tuple[Column, ...]
    products: tuple[ProductRule, ...]
    shown_agents: Mapping[str, Column]  # label -> column
    unit_before_street: bool  # the carrier sometimes swaps street and unit
    writer: Writer
    full_set: FullSet | None  # what its files of one day must be to tell all; the FMO's own word counts
    values: Mapping[str, Mapping[str, str]]  # field -> case-folded cell -> what it stands for
    later_of: frozenset[str]  # date fields of whose columns the latest counts, not the first
    renewal_for: frozenset[str]  # lines of business whose term date is the next renewal
    status_from: StatusFrom | None
    as_of: tuple[str, ...]  # words above the header beside which the day of the file stands
    told_by: Mark | None
    fixed_width: FixedWidth | None  # how its files are written, where cells stand at places and not between delimiters
    never_read: frozenset[str]  # header keys

    @property
    def digest(self) -> str:
        """Stands for all that this layout makes of a file: two of the same digest read every row alike."""
        return digest_of(self, leave_out=frozenset({"name", "full_set", "older_rows"}))

    def all_columns(self) -> Iterator[Column]:
        """Every column the layout names anywhere, some perhaps twice."""
        yield from self.fingerprint
        for columns in self.columns.values():
            yield from columns
        yield from self.product_from
        yield from self.shown_agents.values()
        if self.told_by:
            yield self.told_by.column
        for role in (*self.writer.people, *filter(None, (self.writer.main,))):
            yield role.npn
            yield from role.name
        for crosswalk in self.writer.crosswalks:
            yield crosswalk.column
            yield from crosswalk.name
