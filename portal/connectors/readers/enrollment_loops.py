"""The loops of an 834: what a transaction says of itself, and a member's coverages as rows of named cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from portal.connectors.readers.x12 import at

_TRANSACTION = (
    "Action Code", "File Day", "Master Policy Number", "Sponsor Name", "Sponsor ID", "Payer Name", "Payer ID",
    "Broker Name", "Broker ID", "Broker Key", "Broker Tax ID", "Broker Account", "Brokers", "Administrator Name",
)  # fmt: skip
_MEMBER = (
    "Subscriber Indicator", "Relationship Code", "Maintenance Code", "Maintenance Reason", "Benefit Status",
    "Employment Status", "Death Date", "Subscriber Number", "Policy Number", "Client Reference", "Client Number",
    "Case Number", "Cross Reference", "Department", "Member Reference", "Prior Number", "Unit Number",
    "Medicare Number", "Member ID", "Last Name", "First Name", "Middle Name", "Suffix", "Birth Date", "Gender", "Phone",
    "Other Phone", "Email", "Address", "Address 2", "City", "State", "Zip", "County Code", "Mail Address",
    "Mail Address 2", "Mail City", "Mail State", "Mail Zip", "Eligibility Begin", "Eligibility End", "Signature Date",
    "Maintenance Day", "Medicare Begin", "Medicare End",
)  # fmt: skip
_COVERAGE = (
    "Coverage Maintenance Code", "Insurance Line", "Plan Description", "Coverage Level", "Coverage Begin",
    "Coverage End", "Coverage Day", "Paid To", "Premium", "Coverage Policy Number", "Coverage Reference", "Rate Code",
    "Program Number", "Status",
)  # fmt: skip
COLUMNS: Final = (*_TRANSACTION, *_MEMBER, *_COVERAGE)

_MEMBER_REF = {
    "0F": "Subscriber Number", "1L": "Policy Number", "17": "Client Reference", "23": "Client Number",
    "3H": "Case Number", "6O": "Cross Reference", "DX": "Department", "ZZ": "Member Reference", "Q4": "Prior Number",
    "QQ": "Unit Number", "F6": "Medicare Number",
}  # fmt: skip
_COVERAGE_REF = {"1L": "Coverage Policy Number", "17": "Coverage Reference", "RB": "Rate Code", "PID": "Program Number"}
_MEMBER_DAY = {
    "356": "Eligibility Begin", "357": "Eligibility End", "300": "Signature Date", "303": "Maintenance Day",
    "338": "Medicare Begin", "339": "Medicare End",
}  # fmt: skip
_COVERAGE_DAY = {"348": "Coverage Begin", "349": "Coverage End", "303": "Coverage Day", "343": "Paid To"}
_PHONES, _MAILS = ("HP", "TE", "CP", "AP", "WP"), ("EM",)
_LOOPS = {"IL": "insured", "74": "insured", "31": "mailing"}
_ELSEWHERE = frozenset({"DSB", "LX", "COB", "LS"})  # disability, providers, other insurance, reporting categories

Cells = dict[str, str]


class Transaction(NamedTuple):
    """What holds for every member of a transaction."""

    cells: Mapping[str, str]
    day: str  # CCYYMMDD, "" where it is not said


def about(head: list[list[str]]) -> Transaction:
    """The cells that the segments before the first member give."""
    cells: Cells = {}
    brokers: list[Cells] = []
    for segment in head:
        name, kind = segment[0], at(segment, 1)
        if name == "BGN":
            cells |= {"File Day": at(segment, 3), "Action Code": at(segment, 8)}
        elif name == "REF" and kind == "38":
            cells["Master Policy Number"] = at(segment, 2)
        elif name == "N1":
            cells |= _party(segment)
            if kind == "BO":
                brokers.append(_broker(segment))
        elif name == "ACT" and brokers:
            brokers[-1]["Broker Account"] = kind
    cells |= _one_broker(brokers)
    if broker := cells.get("Broker ID"):
        cells["Broker Key"] = f"{cells.get('Payer ID') or cells.get('Payer Name', '')}/{broker}"
    return Transaction(cells, cells.get("File Day", "")[:8])


def _party(segment: list[str]) -> Cells:
    title = {"P5": "Sponsor", "IN": "Payer"}.get(at(segment, 1))
    if title:
        return {f"{title} Name": at(segment, 2), f"{title} ID": at(segment, 4)}
    return {"Administrator Name": at(segment, 2)} if at(segment, 1) == "TV" else {}


def _broker(segment: list[str]) -> Cells:
    column = "Broker Tax ID" if at(segment, 3) == "FI" else "Broker ID"
    return {"Broker Name": at(segment, 2), column: at(segment, 4)}


def _one_broker(brokers: list[Cells]) -> Cells:
    """A transaction with two brokers does not say which of them wrote a policy; they are shown, no more."""
    if len({(one.get("Broker ID"), one.get("Broker Tax ID")) for one in brokers}) == 1:
        return brokers[0]
    return {"Brokers": "; ".join(one["Broker Name"] for one in brokers if one["Broker Name"])} if brokers else {}


def coverages(transaction: Transaction, member: list[list[str]]) -> list[Cells]:
    """One row for each coverage of the member; a member without any is one row without those cells."""
    own: Cells = {}
    found: list[Cells] = []
    loop = "member"
    for segment in member:
        name = segment[0]
        if name == "HD":
            found.append(_coverage(segment))
            loop = "coverage"
        elif name == "NM1":
            loop = "elsewhere" if found else _LOOPS.get(at(segment, 1), "elsewhere")
        elif name in _ELSEWHERE:
            loop = "elsewhere"
        if take := _TAKERS.get((loop, name)):
            for column, text in take(segment).items():
                (found[-1] if loop == "coverage" else own).setdefault(column, text)
    rows = [dict(transaction.cells) | own | coverage for coverage in found or [{}]]
    for row in rows:
        row["Status"] = _standing(row, transaction.day)
    return rows


def _coverage(segment: list[str]) -> Cells:
    names = {1: "Coverage Maintenance Code", 3: "Insurance Line", 4: "Plan Description", 5: "Coverage Level"}
    return {name: at(segment, place) for place, name in names.items()}


def _standing(row: Cells, day: str) -> str:
    """The maintenance code, and what the coverage's own days make of it: "future", "ended", "never began"."""
    code = row.get("Coverage Maintenance Code") or row.get("Maintenance Code", "")
    begin, end = row.get("Coverage Begin", ""), row.get("Coverage End", "")
    if (code == "024" and begin == end) or code == "002":  # also where neither is said
        return f"{code} never began"
    if code == "024" or not day:
        return code
    if end and end <= day:
        return f"{code} ended"
    return f"{code} future" if begin > day else code


def _insured(segment: list[str]) -> Cells:
    names = {3: "Last Name", 4: "First Name", 5: "Middle Name", 7: "Suffix"}
    cells = {name: at(segment, place) for place, name in names.items()}
    # Under 34 the number is a social security number, which nothing here takes in.
    return cells | ({"Member ID": at(segment, 9)} if at(segment, 8) == "ZZ" else {})


def _status(segment: list[str]) -> Cells:
    names = {1: "Subscriber Indicator", 2: "Relationship Code", 3: "Maintenance Code", 4: "Maintenance Reason",
             5: "Benefit Status", 8: "Employment Status", 12: "Death Date"}  # fmt: skip
    return {name: at(segment, place) for place, name in names.items()}


def _reached(segment: list[str]) -> Cells:
    said = [(at(segment, place), at(segment, place + 1)) for place in (3, 5, 7)]
    phones = [number for kind, number in sorted(said, key=_preferred) if kind in _PHONES]
    cells = dict(zip(("Phone", "Other Phone"), phones, strict=False))
    mails = [text for kind, text in said if kind in _MAILS]
    return cells | ({"Email": mails[0]} if mails else {})


def _preferred(said: tuple[str, str]) -> int:
    return _PHONES.index(said[0]) if said[0] in _PHONES else len(_PHONES)


def _street(prefix: str) -> Callable[[list[str]], Cells]:
    return lambda segment: {f"{prefix}Address": at(segment, 1), f"{prefix}Address 2": at(segment, 2)}


def _town(prefix: str) -> Callable[[list[str]], Cells]:
    def take(segment: list[str]) -> Cells:
        cells = {f"{prefix}{name}": at(segment, place) for place, name in ((1, "City"), (2, "State"), (3, "Zip"))}
        return cells | ({"County Code": at(segment, 6)} if not prefix and at(segment, 5) == "CY" else {})

    return take


def _named(names: Mapping[str, str], place: int) -> Callable[[list[str]], Cells]:
    return lambda segment: {names[at(segment, 1)]: at(segment, place)} if at(segment, 1) in names else {}


_TAKERS: Final[dict[tuple[str, str], Callable[[list[str]], Cells]]] = {
    ("member", "INS"): _status,
    ("member", "REF"): _named(_MEMBER_REF, 2),
    ("member", "DTP"): _named(_MEMBER_DAY, 3),
    ("insured", "NM1"): _insured,
    ("insured", "PER"): _reached,
    ("insured", "N3"): _street(""),
    ("insured", "N4"): _town(""),
    ("insured", "DMG"): lambda segment: {"Birth Date": at(segment, 2), "Gender": at(segment, 3)},
    ("mailing", "N3"): _street("Mail "),
    ("mailing", "N4"): _town("Mail "),
    ("coverage", "DTP"): _named(_COVERAGE_DAY, 3),
    ("coverage", "REF"): _named(_COVERAGE_REF, 2),
    ("coverage", "AMT"): _named({"P3": "Premium"}, 2),
}
