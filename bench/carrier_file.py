"""A carrier file of any size: one enrolment a row, invented people, the same bytes for the same arguments."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random

from xlsxwriter import Workbook  # type: ignore[import-untyped]  # the package has no types

HEADER = (
    "MbrLastName", "MbrFirstName", "MbrMiddleInit", "Humana ID", "Medicare No", "Medicaid ID", "Primary Phone",
    "Secondary Phone", "Email", "Gender", "Birth Date", "Age", "Mail Address", "Mail Address 2", "Mail City",
    "Mail State", "Mail ZipCd", "Mail Cnty", "Resident Address", "Resident Address 2", "Resident City",
    "Resident State", "Resident Zip Code", "Resident County", "Status", "Status Date", "Status Reason",
    "Status Description", "Effective Date", "Inactive Date", "Deceased Date", "CoverageType", "Plan Type",
    "SalesProduct", "Plan Name", "Signature Date", "Contract-PBP-Segment ID", "Election Code", "PlanYear", "NPN",
    "Servicing Agent", "Servicing Agent SAN", "AOR Name", "AOR SAN", "Current Premium", "Current Balance",
    "Past Due Balance", "Application Source", "Application ID", "PCP", "Network", "Pref Lang", "Veteran",
    "Low Income Subsidy", "Deeming Indicator",
)  # fmt: skip
_SLIM = (
    "MbrLastName", "MbrFirstName", "MbrMiddleInit", "Humana ID", "Medicare No", "Primary Phone", "Gender", "Birth Date",
    "Resident Address", "Resident City", "Resident State", "Resident Zip Code", "Status", "Status Reason",
    "Effective Date", "Inactive Date", "CoverageType", "Plan Type", "SalesProduct", "Signature Date",
    "Contract-PBP-Segment ID", "PlanYear", "NPN", "Servicing Agent SAN", "Current Premium",
)  # fmt: skip
AGENTS = 800
_ONE_IN = 50  # how many rows there are to each that changes: 2 %
_BEGINNINGS = ("Al", "Ber", "Cor", "Dal", "El", "Fen", "Gar", "Hol", "Is", "Jor", "Kel", "Lan", "Mor", "Nor", "Os")
_MIDDLES = ("ba", "de", "fi", "go", "ha", "ki", "lo", "ma", "ne", "pa", "ri", "sa", "to", "vi", "wa", "ze")
_ENDINGS = ("den", "ford", "lan", "man", "ner", "rick", "son", "ton", "ward", "well", "wick", "worth")
_STREETS = ("Elm St", "Oak Ave", "Cedar Ln", "Mill Rd", "Lake Dr", "Hill St", "Park Ave", "Bay Ct")
_PLACES = (("Tampa", "FL", "336"), ("Macon", "GA", "312"), ("Waco", "TX", "767"), ("Lima", "OH", "458"))


def write(path: Path, rows: int, *, changed: bool = False, slim: bool = False) -> None:
    """Write a Humana book of `rows` policies, a fifth of them a member's second; `changed`: 2 % have other values.

    `slim`: with few columns, so that a million rows are no larger than a file may be.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(_lines(rows, changed, _SLIM if slim else HEADER))


def write_workbook(path: Path, rows: int, *, changed: bool = False) -> None:
    """The same as a workbook."""
    with Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("Book")
        for number, line in enumerate(_lines(rows, changed, HEADER)):
            sheet.write_row(number, 0, line)


def _lines(rows: int, changed: bool, header: Sequence[str]) -> Iterator[Sequence[str]]:
    draw = Random(rows)  # invented people, not secrets
    yield header
    person: dict[str, str] = {}
    for number in range(rows):
        # A second policy stands under its first, as in the carrier's own file.
        person = person if number % 5 == 4 else _person(draw, number)
        values = person | _policy(draw, number) | (_changed(number) if changed and number % _ONE_IN == 0 else {})
        yield [values.get(name, "") for name in header]


def _name(draw: Random) -> str:
    return draw.choice(_BEGINNINGS) + draw.choice(_MIDDLES) + draw.choice(_ENDINGS)


def _person(draw: Random, number: int) -> dict[str, str]:
    first, last = _name(draw), _name(draw)
    born = date(1930, 1, 1) + timedelta(days=draw.randrange(12_000))
    city, state, zip_start = draw.choice(_PLACES)
    return {
        "MbrLastName": last.upper(), "MbrFirstName": first.upper(), "MbrMiddleInit": draw.choice(("", "A", "J")),
        "Humana ID": f"H{60_000_000 + number}", "Medicare No": f"XXXXX{number % 10_000:04}A1",
        "Primary Phone": f"({draw.randrange(210, 980)}) 555-01{draw.randrange(100):02}",
        "Secondary Phone": "Unavailable",
        "Email": f"{first}.{last}{number}@mail.example" if number % 2 else "Unavailable", "Gender": draw.choice("FM"),
        "Birth Date": f"{born.month}/{born.day}/{born.year}",
        "Resident Address": f"{draw.randrange(1, 2_000)} {draw.choice(_STREETS)}",
        "Resident City": city, "Resident State": state, "Resident Zip Code": f"{zip_start}{draw.randrange(100):02}",
    }  # fmt: skip


def _policy(draw: Random, number: int) -> dict[str, str]:
    year, month = draw.randrange(2019, 2027), draw.randrange(1, 13)
    agent, ended = draw.randrange(AGENTS), draw.random() < 0.3
    dental = number % 5 == 4
    return {
        "Status": "Inactive Policy" if ended else "Active Policy", "Effective Date": f"{month}/1/{year}",
        "Status Reason": "Voluntary disenrollment" if ended else "", "Inactive Date": "12/31/2026" if ended else "",
        "CoverageType": "Dental" if dental else "Medicare", "Plan Type": "" if dental else "HMO",
        "SalesProduct": "Dental" if dental else "MAPD", "Plan Name": "Bright Smile" if dental else "Orchard Plus HMO",
        "Signature Date": f"{month}/{draw.randrange(1, 28)}/{year}", "PlanYear": str(year),
        "Contract-PBP-Segment ID": "" if dental else f"H{1000 + number % 40}-{number % 100 + 1:03}-000",
        "NPN": str(10_000_000 + agent) if number % 20 else "", "Servicing Agent": f"AGENT {agent}",
        "Servicing Agent SAN": str(1_000_000 + agent), "Current Premium": f"{draw.randrange(0, 9_000) / 100:.2f}",
    }  # fmt: skip


def _changed(number: int) -> dict[str, str]:
    return {
        "Primary Phone": f"(614) 555-01{number % 100:02}",
        "Current Premium": "123.45",
        "Status": "Inactive Policy",
        "Inactive Date": "11/30/2026",
    }
