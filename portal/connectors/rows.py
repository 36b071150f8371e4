"""The one shape in which every connector hands over what it read.

Values are normalised: dates are `datetime.date`, absent values are `None`, identifiers are canonical text.
Field order is the column order of the loader's staging table; add at the end only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import NamedTuple


class Status(StrEnum):
    """Canonical policy status; the carrier's own word stands beside it in `PolicyRow.status_raw`."""

    SUBMITTED = "submitted"
    PENDING = "pending"
    APPROVED = "approved"
    ACTIVE = "active"
    FUTURE_ACTIVE = "future_active"
    GRACE = "grace"
    TERMINATED = "terminated"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    REINSTATED = "reinstated"
    LAPSED = "lapsed"


class PolicyRow(NamedTuple):
    """One enrolment as one file row tells it."""

    sheet: str  # "" for a file without sheets
    row: int  # as a person counts it in the file, header and preamble included, from 1
    identity: str  # sha256 hex over (carrier, what the layout declares as identity)
    content_hash: str  # sha256 hex over every normalised business value; not sheet, not row
    policy_number: str | None  # the carrier's number as shown to people; for a member-id identity the member id
    line_of_business: str | None  # "Medicare", "Supplement", "Dental", "Life" …
    product: str | None  # "MAPD", "PDP", "Medigap G" …
    plan_id: str | None  # H1036-335-002
    plan_name: str | None
    status: str  # a Status value
    status_raw: str | None
    status_reason: str | None
    effective_date: date
    term_date: date | None  # None = open
    renewal_date: date | None
    received_date: date | None  # application received, else signed: the tie-break inside one file
    premium: str | None  # plain decimal text "123.45"
    member_number: str | None  # carrier's member id, as the second rung of the match ladder
    first_name: str
    middle_name: str | None
    last_name: str
    suffix: str | None
    birth_date: date | None
    gender: str | None  # "F" / "M" / None
    mbi: str | None  # 11 characters, canonical; None when masked or absent
    email: str | None
    phone: str | None  # E.164
    address1: str | None
    address2: str | None
    city: str | None
    state: str | None  # two letters
    zip: str | None  # five digits
    county: str | None
    writer_npn: str | None  # from the column the layout declares, canonical digits
    writer_column: str | None  # the column's name in the file, also for a crosswalk identifier
    writer_kind: str | None  # crosswalk identifier kind ("san", "tin", "producer_code" …) if there is no NPN
    writer_value: str | None  # its value, canonical upper case without blanks
    writer_from: date | None  # the agent's own start in the row, where the layout has it
    writer_to: date | None
    writer_name: str | None  # shown to people only, never used to attribute
    other_agents: str | None  # "Agent of record: …; Servicing agent: …": shown only


class Refusal(NamedTuple):
    """A row that was not taken, and why, without repeating the value."""

    sheet: str
    row: int
    column: str | None  # header text as in the file
    shape: str | None  # the value's shape: letters as A, digits as 9, e.g. "99/99/9999"
    reason: str  # a sentence for a person


class Dropped(NamedTuple):
    """A row that is no policy row (total, footer, older history of the same enrolment), and why."""

    sheet: str
    row: int
    reason: str


class FileRefused(Exception):
    """The whole file cannot be read; `str(error)` is a sentence that says what is wrong and what to do."""


@dataclass(slots=True)
class Batch:
    """Some consecutive file rows. Every row below the header is in exactly one of the lists, or was passed over."""

    rows: list[PolicyRow] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    refused_cells: list[list[str]] = field(default_factory=list)  # of each of `refused`, as the file has them
    prints: list[bytes | None] = field(default_factory=list)  # of each of `rows`; None: it must be read again next time
    passed: int = 0  # rows that need not be read, since they are known
