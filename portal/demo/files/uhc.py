"""UnitedHealthcare: workbooks for active and inactive members, four rows above the header, agency as agent.

The header repeats `memberNumber`, an open term is 2300-01-01, a missing county is the word null, and an agent of an
agency stands only in the level-20 or level-10 columns. Shown as policy number: the first `memberNumber`.
"""

from __future__ import annotations

from datetime import date
from random import Random

from portal.connectors.rows import Status
from portal.demo.book import Enrolment, member_number
from portal.demo.cast import Fmo
from portal.demo.files.shapes import BAD_DATE, Flaw, dashed_phone, last_name, padded
from portal.demo.plans import Carrier

_LEVELS = (("nma", 80), ("nma", 70), ("nma", 60), ("fmo", 50), ("mga", 40), ("ga", 30))
_ABOVE = [(who, level, field) for who, level in _LEVELS
          for field in ("Name", "WidStatus", "Npn")]  # fmt: skip
_WRITERS = [(who, level, field) for who, level in (("agent", 20), ("solicitor", 10))
            for field in ("Name", "WidStatus", "Wid", "Npn")]  # fmt: skip
# A second column of the same name carries "#2" here; the file's header shows it without.
COLUMNS = (
    "agentId", "agentIdStatus", "agentName", "agentEmail", "agentNpn", "memberFirstName", "memberLastName",
    "dateOfBirth", "memberEmail", "memberPhone", "memberAddress1", "memberAddress2", "memberCity", "memberState",
    "memberZip", "memberStatus", "memberCounty", "memberNumber", "policyEffectiveDate", "Agent of Record", "contract",
    "pbp", "segmentId", "applicationNumber", "policyTermDate", "product", "termReasonCode", "individualID",
    "householdID", "memberNumber#2", "mbiNumber", "secondaryPhoneNum", "planStatus", "planName", "IFP - Plan Type",
    "IFP - GRGRID", "IFP - Renewal", "secondaryAddressLine1", "secondaryAddressLine2", "secondaryCity",
    "secondaryState", "secondaryZip", "IFP - FFM APP ID", "IFP Subscriber ICHRA/QSEHRA Status",
    *(f"{who}{field}{level}" for who, level, field in _ABOVE + _WRITERS),
)  # fmt: skip
HEADER = [column.partition("#")[0] for column in COLUMNS]
ZIP = COLUMNS.index("memberZip")
PLAN_STATUSES = {Status.ACTIVE: "Active", Status.FUTURE_ACTIVE: "Future Active", Status.TERMINATED: "Terminated"}
TERM_REASONS = {
    "voluntary": "Voluntary", "deceased": "Death", "other_coverage": "Other coverage",
    "plan_terminated": "Plan terminated", "non_payment": "Nonpayment",
}  # fmt: skip


def preamble(fmo: Fmo, *, active: bool, as_of: date) -> list[list[str]]:
    """The four rows above the header of an agency's export."""
    return [
        ["UnitedHealthcare Book of Business"],
        ["Agency", fmo.name],
        ["Member status", "Active" if active else "Inactive"],
        ["As of", padded(as_of)],
    ]


def total(count: int) -> list[str]:
    """The row below the last member."""
    return ["Total", "", f"{count} members"]


def row(enrolment: Enrolment, rng: Random, fmo: Fmo, flaw: Flaw | None) -> list[str]:
    """One member line; `rng` decides what a careless export decides."""
    cells = _member(enrolment, rng) | _policy(enrolment) | _agents(enrolment, fmo)
    if flaw is Flaw.BAD_DATE:
        cells["policyEffectiveDate"] = BAD_DATE
    if flaw is Flaw.NO_NAME:
        cells["memberFirstName"] = cells["memberLastName"] = ""
    return [cells.get(column, "") for column in COLUMNS]


def _member(enrolment: Enrolment, rng: Random) -> dict[str, str]:
    person = enrolment.person
    address = [person.address1, person.address2]
    if person.address2 and rng.random() < 0.3:
        address.reverse()
    return {
        "memberFirstName": person.first,
        "memberLastName": last_name(person),
        "dateOfBirth": padded(person.birth),
        "memberEmail": person.email,
        "memberPhone": dashed_phone(person.phone),
        "memberAddress1": address[0],
        "memberAddress2": address[1],
        "memberCity": person.city,
        "memberState": person.state,
        "memberZip": person.zip,
        "memberCounty": person.county if rng.random() < 0.85 else "null",
        "individualID": str(700_000_000 + person.serial % 100_000_000),
        "householdID": str(800_000_000 + person.serial % 100_000_000 // 10),
        "mbiNumber": person.mbi,
    }


def _policy(enrolment: Enrolment) -> dict[str, str]:
    plan = enrolment.plan
    number = member_number(Carrier.UHC, enrolment.person.serial)
    return {
        "memberStatus": "Inactive" if enrolment.status == Status.TERMINATED else "Active",
        "memberNumber": number,
        "memberNumber#2": f"{number}00",
        "policyEffectiveDate": enrolment.effective.isoformat(),
        "contract": plan.contract,
        "pbp": plan.pbp,
        "segmentId": plan.segment,
        "applicationNumber": enrolment.application,
        "policyTermDate": enrolment.term.isoformat() if enrolment.term else "2300-01-01",
        "product": plan.product,
        "termReasonCode": TERM_REASONS.get(enrolment.reason, ""),
        "planStatus": PLAN_STATUSES[enrolment.status],
        "planName": plan.name,
    }


def _agents(enrolment: Enrolment, fmo: Fmo) -> dict[str, str]:
    credit = enrolment.credit
    shown = credit.agency or credit.writer
    cells = {
        "agentId": shown.san,
        "agentIdStatus": "Active" if shown.listed else "Terminated",
        "agentName": shown.display,
        "agentEmail": shown.email,
        "agentNpn": credit.agency.npn if credit.agency else credit.npn,
        "Agent of Record": shown.display,
        "fmoName50": fmo.name,
        "fmoWidStatus50": "Active",
        "fmoNpn50": "18800412",
    }
    who = {"20": "agent", "10": "solicitor"}.get(credit.level, "")
    if who:
        cells |= {
            f"{who}Name{credit.level}": credit.writer.display,
            f"{who}WidStatus{credit.level}": "Active",
            f"{who}Wid{credit.level}": credit.writer.san,
            f"{who}Npn{credit.level}": credit.npn,
        }
    return cells
