"""Mutual of Omaha: supplement and life policies with one name column, and nothing of the agent but a writing number.

No Medicare number, birth date, address, e-mail or NPN, and no column for a policy's end. Leading zeros of the writing
number count. Shown as policy number: `Policy Number`, one per enrolment.
"""

from __future__ import annotations

from datetime import date

from portal.connectors.rows import Status
from portal.demo.book import Enrolment
from portal.demo.files.shapes import BAD_DATE, Flaw, padded
from portal.demo.months import end_of_month
from portal.demo.people import Person

HEADER = [
    "Policy Number", "Insured Name", "Product", "Plan Letter", "Issue Date", "Paid To Date", "Mode", "Modal Premium",
    "Status",
    "Writing Agent Number",
]  # fmt: skip
STATUSES = {
    Status.ACTIVE: "In Force", Status.LAPSED: "Lapsed", Status.TERMINATED: "Terminated", Status.PENDING: "Pending"
}  # fmt: skip


def total(count: int) -> list[str]:
    """The row below the last policy."""
    return ["Total", f"{count} policies"]


def insured_name(person: Person) -> str:
    """LAST SUFFIX, FIRST M in capitals."""
    last = f"{person.last} {person.suffix}".rstrip()
    return f"{last}, {person.first} {person.middle}".rstrip().upper()


def row(enrolment: Enrolment, as_of: date, flaw: Flaw | None) -> list[str]:
    """One policy line."""
    paid_to = end_of_month(as_of, 0) if enrolment.status == Status.ACTIVE else enrolment.effective
    return [
        enrolment.policy_key,
        "" if flaw is Flaw.NO_NAME else insured_name(enrolment.person),
        enrolment.plan.product,
        enrolment.plan.name,
        BAD_DATE if flaw is Flaw.BAD_DATE else padded(enrolment.effective),
        padded(paid_to),
        "Monthly",
        enrolment.plan.premium,
        STATUSES[enrolment.status],
        enrolment.credit.number,
    ]
