"""What a person said of an unknown file, and the layout that follows from it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final, NamedTuple

from portal.connectors.dates import ORDERS
from portal.connectors.declared import BY_DATES
from portal.connectors.headers import spelled
from portal.connectors.profile import Look

ALWAYS_ACTIVE: Final = "active"
REFUSE: Final = "refuse"
"""Said of a status word that nobody knows: it stays out of the layout, and its rows wait in the quarantine."""
NO_STATUS: Final = {BY_DATES: "By its dates: begun, under way or ended", ALWAYS_ACTIVE: "Every policy is active"}


class Product(NamedTuple):
    """A kind of product as it can be chosen."""

    label: str
    product: str | None
    line: str


_MEDICARE = ("MAPD", "MA", "PDP", "D-SNP", "C-SNP", "I-SNP", "MMP", "PACE", "MSA", "PFFS", "COST")
_MEDIGAP = ("A", "B", "C", "D", "F", "G", "K", "L", "M", "N")
PRODUCTS: Final[dict[str, Product]] = {
    **{name: Product(f"{name} (Medicare)", name, "Medicare") for name in _MEDICARE},
    "medicare": Product("Medicare, kind unknown", None, "Medicare"),
    "Medigap": Product("Medigap (Supplement)", "Medigap", "Supplement"),
    **{f"Medigap {one}": Product(f"Medigap {one} (Supplement)", f"Medigap {one}", "Supplement") for one in _MEDIGAP},
    "DVH": Product("Dental, vision, hearing", "DVH", "Dental"),
    "Hospital indemnity": Product("Hospital indemnity", "Hospital indemnity", "Hospital indemnity"),
    "ACA": Product("ACA (Marketplace)", "ACA", "Marketplace"),
    "Life": Product("Life", "Life", "Life"),
    "Final expense": Product("Final expense (Life)", "Final expense", "Life"),
    "Annuity": Product("Annuity", "Annuity", "Annuity"),
}


class Identity(NamedTuple):
    """What may tell one enrolment from another."""

    label: str
    parts: tuple[str, ...]


IDENTITIES: Final[dict[str, Identity]] = {
    "policy": Identity("The policy number", ("policy_number",)),
    "policy_date": Identity("Policy number and first day of coverage", ("policy_number", "effective_date")),
    "member_plan_date": Identity(
        "Member’s number, line of business, plan and first day of coverage",
        ("line_of_business", "member_number", "plan", "effective_date"),
    ),
    "member_date": Identity("Member’s number and first day of coverage", ("member_number", "effective_date")),
    "person_date": Identity(
        "Name, birth date, line of business and first day of coverage",
        ("line_of_business", "person", "effective_date"),
    ),
}
_NEEDS: Final = {
    "policy_number": ("policy_number",), "member_number": ("member_number",), "effective_date": ("effective_date",),
    "plan": ("plan_id", "contract", "plan_name"), "person": ("birth_date",),
}  # fmt: skip
AGENCY_WORDS: Final = (
    "agency", "agencies", "associates", "benefits", "brokerage", "brokers", "company", "corp", "corporation",
    "enterprises", "financial", "group", "holdings", "inc", "incorporated", "insurance", "llc", "llp", "ltd",
    "marketing", "partners", "services", "solutions",
)  # fmt: skip


@dataclass(slots=True)
class Answers:
    """Everything that is said on the way from a sample to a layout. Columns are places in the header."""

    columns: dict[str, int] = field(default_factory=dict)  # field → column
    order: str = "mdy"  # "": every date of the sample can be read both ways, and nobody has said it yet
    orders: dict[str, str] = field(default_factory=dict)  # date field → its own order, where it has one
    serials: bool = False  # days of a spreadsheet are read, whether or not the sample has them
    decimal: str = ""  # what stands before the cents
    name_order: str = ""  # of a full name without a comma: "first" or "last" goes first
    open_ends: list[str] = field(default_factory=list)
    nothing: list[str] = field(default_factory=list)
    statuses: dict[str, str] = field(default_factory=dict)
    no_status: str = ""  # where no column says it: a key of NO_STATUS
    reasons: dict[str, str] = field(default_factory=dict)
    product: str = ""  # of every row; a key of PRODUCTS
    product_column: int | None = None  # else the column whose words say it
    products: dict[str, str] = field(default_factory=dict)  # word → key of PRODUCTS
    other_product: str = ""  # of every other word
    identity: str = ""
    older_rows: bool = False  # rows that are the same enrolment are older states of it
    npn: int | None = None
    agent_id: int | None = None
    kind: str = ""
    agent_name: int | None = None
    agency: bool = False  # the name can be an agency's
    says: str = ""
    confirmed: bool = False
    carrier: str = ""  # key of a known one
    new_carrier: str = ""
    name: str = ""  # of the SmartConnector
    replaces: bool = False  # its files are recognised by another layout, too, and that is meant

    def as_json(self) -> dict[str, Any]:
        """What is kept."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Answers:
        """What `as_json` gave, read back; entries that are no longer known are left out."""
        known = {one.name for one in fields(cls)}
        return cls(**{name: value for name, value in kept.items() if name in known})


def identity_places(answers: Answers, key: str) -> list[int] | None:
    """The columns that an identity is made of, None where one of its parts has no column."""
    places: list[int] = []
    for part in IDENTITIES[key].parts:
        if part == "line_of_business":
            places += [answers.product_column] if answers.product_column is not None else []
            continue
        found = [answers.columns[name] for name in _NEEDS[part] if name in answers.columns]
        if not found:
            return None
        places += found
        if part == "person":
            names = ("full_name", "first_name", "last_name")
            places += [answers.columns[name] for name in names if name in answers.columns]
    return places


def body_of(answers: Answers, looks: Sequence[Look], *, carrier: str, carrier_name: str) -> dict[str, Any]:
    """The layout in the shape of the files in `layouts/`; whoever calls has looked for problems before."""
    at = {one.place: spelled(one.column) for one in looks}
    columns = {name: at[place] for name, place in answers.columns.items()}
    used = sorted({*answers.columns.values(), *_writer_places(answers), *_product_places(answers)})
    body: dict[str, Any] = {
        "carrier": carrier,
        "carrier_name": carrier_name,
        "fingerprint": [at[place] for place in used],
        "identity": list(IDENTITIES[answers.identity].parts),
        "empty": sorted({*answers.nothing}),
        "dates": {
            "order": answers.order or ORDERS[0],
            "orders": _orders(answers),
            "forms": _forms(answers, looks),
            "open_ends": answers.open_ends,
        },
        "amounts": {"decimal": answers.decimal or "."},
        "names": {"last_first": "full_name" in answers.columns and answers.name_order == "last"},
        "older_rows": answers.older_rows,
        "columns": columns,
        "product": _product(answers, at),
        "statuses": _statuses(answers),
        "reasons": {word: reason for word, reason in answers.reasons.items() if reason},
        "writer": _writer(answers, at),
    }
    if "status" not in answers.columns:
        body["status_from"] = {"default": answers.no_status}
    return body


def _statuses(answers: Answers) -> dict[str, str]:
    known = answers.statuses if "status" in answers.columns else {}
    return {word: status for word, status in known.items() if status != REFUSE}


def _orders(answers: Answers) -> dict[str, str]:
    return {name: order for name, order in answers.orders.items() if name in answers.columns}


def _forms(answers: Answers, looks: Sequence[Look]) -> list[str]:
    # A bare number is read as a spreadsheet's day only where the sample has such days: an id must never become one.
    serial = answers.serials or any(look.serials for look in looks if look.place in answers.columns.values())
    return ["iso", "slash", "words", "compact", *(["excel"] if serial else [])]


def _writer_places(answers: Answers) -> list[int]:
    return [place for place in (answers.npn, answers.agent_id, answers.agent_name) if place is not None]


def _product_places(answers: Answers) -> list[int]:
    return [] if answers.product_column is None else [answers.product_column]


def _product(answers: Answers, at: Mapping[int, Any]) -> dict[str, Any]:
    if answers.product_column is None:
        return {"rules": [_rule("", answers.product)]}
    rules = [_rule(f"^{re.escape(word)}$", key) for word, key in answers.products.items() if key]
    if answers.other_product:
        rules.append(_rule("", answers.other_product))
    return {"from": [at[answers.product_column]], "rules": rules}


def _rule(pattern: str, key: str) -> dict[str, Any]:
    chosen = PRODUCTS[key]
    rule = {"pattern": pattern, "line": chosen.line}
    return rule | ({"product": chosen.product} if chosen.product else {})


def _writer(answers: Answers, at: Mapping[int, Any]) -> dict[str, Any]:
    writer: dict[str, Any] = {"says": answers.says}
    name = [] if answers.agent_name is None else [at[answers.agent_name]]
    if answers.npn is not None:
        writer |= {"npn": at[answers.npn], "name": name}
    if answers.agent_id is not None:
        writer["crosswalk"] = {
            "kind": answers.kind, "column": at[answers.agent_id], "name": name, "tax_id": answers.kind == "tin",
        }  # fmt: skip
    if answers.agency:
        writer["agency_words"] = list(AGENCY_WORDS)
    return writer
