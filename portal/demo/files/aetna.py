"""Aetna: a report with active and historical rows, status A or T, an open term of 3000-01-01, agents by NPN or TIN.

A member can have two rows of one plan and effective date; the application that Aetna received last counts.
Shown as policy number: `Member ID`.
"""

from __future__ import annotations

from datetime import timedelta

from portal.connectors.rows import Status
from portal.demo.book import Enrolment, member_number
from portal.demo.cast import Producer
from portal.demo.files.shapes import BAD_DATE, Flaw, last_name, padded
from portal.demo.months import end_of_month
from portal.demo.plans import Carrier

PRODUCERS = [f"Producer Level {level} {field}" for level in range(1, 10) for field in ("Name", "TIN/NPN", "Code")]
HEADER = [
    "Member ID", "Legacy Member ID", "Medicare Number", "Application ID", "First Name", "Middle Initial", "Last Name",
    "Date of Birth", "Phone Number", "Address Line 1", "Address Line 2", "City", "State", "Zip Code",
    "Application Signed Date", "Application Received Date", "Coverage Effective Date", "Member Status", "Term Date",
    "Term Reason Code", "Plan Name", "Plan Effective Date", "Supplement Plans", "Writing Agent NPN",
    "Writing Agent TIN", "Writing Agent First Name", "Writing Agent Last Name", "Payment Method", "Bill Option",
    "Invoice Amount", "Invoice Date", "CMS Contract Number", "PBP Code", "ID Card Issue Date", "Affinity Code",
    *PRODUCERS,
]  # fmt: skip
REASONS = {"voluntary": "11", "deceased": "08", "other_coverage": "13", "plan_terminated": "22", "non_payment": "05"}
OPEN = "3000-01-01"


def total(count: int) -> list[str]:
    """The row below the last member."""
    return ["Total Members", str(count)]


def row(enrolment: Enrolment, flaw: Flaw | None) -> list[str]:
    """One coverage line."""
    cells = _member(enrolment) | _policy(enrolment) | _agents(enrolment.credit.writer, enrolment)
    if flaw is Flaw.BAD_DATE:
        cells["Coverage Effective Date"] = BAD_DATE
    if flaw is Flaw.NO_NAME:
        cells["First Name"] = cells["Last Name"] = ""
    return [cells.get(column, "") for column in HEADER]


def superseded(enrolment: Enrolment, rival: Producer) -> list[str]:
    """The row of an earlier application for the same plan and effective date, written by a rival: it must not count."""
    earlier = enrolment.signed - timedelta(days=9)
    cells = _member(enrolment) | _policy(enrolment) | _agents(rival, enrolment)
    cells |= {
        "Application ID": f"{enrolment.application}-1",
        "Application Signed Date": earlier.isoformat(),
        "Application Received Date": earlier.isoformat(),
        "Member Status": "T",
        "Term Date": end_of_month(enrolment.effective, 0).isoformat(),
        "Term Reason Code": REASONS["voluntary"],
        "Writing Agent NPN": rival.npn,
        "Writing Agent TIN": "",
    }
    return [cells.get(column, "") for column in HEADER]


def _member(enrolment: Enrolment) -> dict[str, str]:
    person = enrolment.person
    mbi = person.mbi
    return {
        "Member ID": member_number(Carrier.AETNA, person.serial),
        "Medicare Number": f"{mbi[:4]}-{mbi[4:7]}-{mbi[7:]}".lower() if person.serial % 70 == 0 else mbi,
        "First Name": person.first,
        "Middle Initial": person.middle,
        "Last Name": last_name(person),
        "Date of Birth": padded(person.birth),
        "Phone Number": person.phone,
        "Address Line 1": person.address1,
        "Address Line 2": person.address2,
        "City": person.city,
        "State": person.state,
        "Zip Code": person.zip,
    }


def _policy(enrolment: Enrolment) -> dict[str, str]:
    plan = enrolment.plan
    return {
        "Application ID": enrolment.application,
        "Application Signed Date": enrolment.signed.isoformat(),
        "Application Received Date": enrolment.received.isoformat(),
        "Coverage Effective Date": enrolment.effective.isoformat(),
        "Member Status": "T" if enrolment.status == Status.TERMINATED else "A",
        "Term Date": enrolment.term.isoformat() if enrolment.term else OPEN,
        "Term Reason Code": REASONS.get(enrolment.reason, ""),
        "Plan Name": plan.name,
        "Plan Effective Date": enrolment.effective.isoformat(),
        "Payment Method": "Social Security deduction",
        "Invoice Amount": plan.premium,
        "CMS Contract Number": plan.contract,
        "PBP Code": plan.pbp,
    }


def _agents(writer: Producer, enrolment: Enrolment) -> dict[str, str]:
    credit = enrolment.credit
    return {
        "Writing Agent NPN": credit.npn,
        "Writing Agent TIN": credit.number,
        "Writing Agent First Name": writer.first,
        "Writing Agent Last Name": writer.last or writer.name,
        "Producer Level 1 Name": writer.display,
        "Producer Level 1 TIN/NPN": credit.npn or credit.number,
        "Producer Level 2 Name": "National Senior Marketing Inc",
        "Producer Level 2 TIN/NPN": "18800412",
    }
