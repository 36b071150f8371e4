"""Humana: one CSV of active and inactive policies, masked Medicare numbers, SANs, two agent roles, M/D/YYYY dates.

`NPN` is filled on most rows and is the servicing agent's, who wrote the policy; `AOR` may be somebody else. What is
missing reads Unavailable. Shown as policy number: `Humana ID`.
"""

from __future__ import annotations

from datetime import date
from random import Random

from portal.connectors.rows import Status
from portal.demo.book import Enrolment, member_number
from portal.demo.files.shapes import BAD_DATE, Flaw, dashed_phone, last_name, slashed
from portal.demo.plans import Carrier

HEADER = [
    "MbrLastName", "MbrFirstName", "MbrMiddleInit", "Humana ID", "Medicare No", "Medicaid ID", "Primary Phone",
    "Secondary Phone", "Email", "Gender", "Birth Date", "Age", "Mail Address", "Mail Address 2", "Mail City",
    "Mail State", "Mail ZipCd", "Mail Cnty", "Resident Address", "Resident Address 2", "Resident City",
    "Resident State", "Resident Zip Code", "Resident County", "Status", "Status Date", "Status Reason",
    "Status Description", "Effective Date", "Inactive Date", "Deceased Date", "CoverageType", "Plan Type",
    "SalesProduct", "Plan Name", "Signature Date", "Contract-PBP-Segment ID", "Election Code", "PlanYear", "NPN",
    "Servicing Agent", "Servicing Agent SAN", "AOR Name", "AOR SAN", "Current Premium", "Current Balance",
    "Past Due Balance", "Application Source", "Application ID", "PCP", "Network", "Pref Lang", "Veteran",
    "Low Income Subsidy", "Deeming Indicator",
]  # fmt: skip
STATUSES = {
    Status.ACTIVE: "Active Policy", Status.FUTURE_ACTIVE: "Future Active Policy", Status.TERMINATED: "Inactive Policy",
    Status.CANCELLED: "Cancelled Application",
}  # fmt: skip
REASONS = {
    "voluntary": "Voluntary disenrollment", "deceased": "Member is deceased",
    "other_coverage": "Enrolled in another plan", "plan_terminated": "Plan terminated", "non_payment": "Non-payment",
}  # fmt: skip


def total(count: int) -> list[str]:
    """The row below the last policy."""
    return ["Total Policies", str(count)]


def row(enrolment: Enrolment, rng: Random, as_of: date, flaw: Flaw | None) -> list[str]:
    """One policy line; `rng` decides what a careless export decides."""
    cells = _member(enrolment, as_of) | _policy(enrolment, rng) | _agents(enrolment)
    if flaw is Flaw.BAD_DATE:
        cells["Effective Date"] = BAD_DATE
    if flaw is Flaw.NO_NAME:
        cells["MbrLastName"] = cells["MbrFirstName"] = ""
    return [cells.get(column, "") for column in HEADER]


def _member(enrolment: Enrolment, as_of: date) -> dict[str, str]:
    person = enrolment.person
    had_birthday = (as_of.month, as_of.day) >= (person.birth.month, person.birth.day)
    cells = {
        "MbrLastName": last_name(person),
        "MbrFirstName": person.first,
        "MbrMiddleInit": person.middle,
        "Humana ID": member_number(Carrier.HUMANA, person.serial),
        "Medicare No": "XXXXX" + person.mbi[5:],
        "Primary Phone": dashed_phone(person.phone) or "Unavailable",
        "Secondary Phone": "Unavailable",
        "Email": person.email or "Unavailable",
        "Gender": person.gender,
        "Birth Date": slashed(person.birth),
        "Age": str(as_of.year - person.birth.year - (not had_birthday)),
    }
    for kind, zip_column, county in (
        ("Mail", "Mail ZipCd", "Mail Cnty"),
        ("Resident", "Resident Zip Code", "Resident County"),
    ):
        cells |= {
            f"{kind} Address": person.address1,
            f"{kind} Address 2": person.address2,
            f"{kind} City": person.city,
            f"{kind} State": person.state,
            zip_column: person.zip,
            county: person.county,
        }
    return cells


def _policy(enrolment: Enrolment, rng: Random) -> dict[str, str]:
    plan = enrolment.plan
    return {
        "Status": STATUSES[enrolment.status],
        "Status Date": slashed(enrolment.term or enrolment.received),
        "Status Reason": REASONS.get(enrolment.reason, ""),
        "Status Description": STATUSES[enrolment.status],
        "Effective Date": slashed(enrolment.effective),
        "Inactive Date": slashed(enrolment.term),
        "Deceased Date": slashed(enrolment.term) if enrolment.reason == "deceased" else "",
        "CoverageType": "Medicare",
        "Plan Type": plan.product,
        "SalesProduct": plan.product,
        "Plan Name": plan.name,
        "Signature Date": slashed(enrolment.signed),
        "Contract-PBP-Segment ID": f"{plan.contract}-{plan.pbp}-{plan.segment}",
        "Election Code": rng.choice(("AEP", "ICEP", "OEP", "SEP")),
        "PlanYear": str(enrolment.effective.year),
        "Current Premium": f"${plan.premium}",
        "Current Balance": "$0.00",
        "Past Due Balance": "$0.00",
        "Application Source": rng.choice(("Paper", "Online", "Phone")),
        "Application ID": enrolment.application,
        "Pref Lang": "English",
        "Veteran": "N",
    }


def _agents(enrolment: Enrolment) -> dict[str, str]:
    credit = enrolment.credit
    of_record = credit.of_record or credit.writer
    return {
        "NPN": credit.npn,
        "Servicing Agent": credit.writer.display,
        "Servicing Agent SAN": credit.number,
        "AOR Name": of_record.display,
        "AOR SAN": of_record.san,
    }
