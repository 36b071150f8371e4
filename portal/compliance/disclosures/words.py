"""Why a disclosure is accountable or not, in words. 45 CFR 164.528(a)(1) lists what is not."""

from __future__ import annotations

from dataclasses import dataclass

from portal.compliance.disclosures.models import POSSIBLE, RIGHT, WRONG

OPERATIONS = "operations"  # stands as the reason in the entry of every delivery
SHARED = ("person", "contact", "mbi", "coverage")
FIELDS = {
    "person": "name, birth date and gender",
    "contact": "address, phone and email",
    "mbi": "Medicare number",
    "coverage": "carrier, plan, policy and member number, status, dates and premium",
}
PURPOSE = "Service of the member's policy by its writing agent"
WRONG_PURPOSE = "No purpose: delivered by mistake to an agent who had not written the policy"
REASONS = {OPERATIONS: "Payment and health care operations: delivered to its writing agent"}
CAUSES = {
    "undone": "The file that named this agent was taken back",
    "crosswalk": "The crosswalk named the wrong agent and was corrected",
    "hand": "Somebody said by hand that another agent wrote it",
    "dates": "The carrier says that another agent has held it since before it was delivered",
    "file": "A newer file of the carrier names another agent, and not since when",
    "nobody": "Nobody knows any more who wrote it",
    "npn": "The NPN was taken from this account, and may never have been its agent's",
    "case": "Found in a case of wrong delivery",
}
VERDICTS = {
    WRONG: ("Wrong", "bad"),
    POSSIBLE: ("Waits for a decision", "warn"),
    RIGHT: ("Right when delivered", "neutral"),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of disclosure outside the portal, and whether a member is told of it."""

    says: str
    accountable: bool


KINDS = {
    "law": Kind("Required by law", True),
    "court": Kind("Court order, subpoena or other legal process", True),
    "police": Kind("Law enforcement", True),
    "oversight": Kind("Health oversight, such as an audit by an agency", True),
    "health": Kind("Public health", True),
    "abuse": Kind("Abuse, neglect or domestic violence", True),
    "threat": Kind("To avert a serious threat", True),
    "death": Kind("Coroner, funeral director or organ donation", True),
    "research": Kind("Research without an authorization", True),
    "government": Kind("Military or another government function", True),
    "workers": Kind("Workers' compensation", True),
    "mistake": Kind("By mistake, such as a letter to the wrong person", True),
    "operations": Kind("Treatment, payment or health care operations", False),
    "member": Kind("To the member or their representative", False),
    "authorized": Kind("With the member's authorization", False),
    "family": Kind("To people involved in the member's care", False),
    "security": Kind("National security or intelligence", False),
    "custody": Kind("To a prison or a place of custody about an inmate", False),
}


def because(kind: str) -> str:
    """Why a recorded disclosure is accountable or not."""
    known = KINDS[kind]
    return f"{known.says}: {'accountable' if known.accountable else 'not accountable'}"


def what(fields: list[str]) -> str:
    """The fields of a delivery in words; an entry from before they were noted had all of them."""
    told = "; ".join(FIELDS.get(name, name) for name in fields or SHARED)
    return told[:1].upper() + told[1:]
