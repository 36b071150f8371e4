"""Our fields in the words of a person who has a carrier's file before them."""

from __future__ import annotations

from typing import Final, NamedTuple


class Field(NamedTuple):
    """What a field is called, and how to recognise its column."""

    label: str
    hint: str


GROUPS: Final[dict[str, dict[str, Field]]] = {
    "The member": {
        "member_number": Field(
            "Member’s number at the carrier",
            "The carrier’s own number of the person; often “Member ID” or “Subscriber”.",
        ),
        "first_name": Field("First name", "Leave it out where one column has the full name."),
        "middle_name": Field("Middle name or initial", ""),
        "last_name": Field("Last name", "Leave it out where one column has the full name."),
        "suffix": Field("Name suffix", "Jr, Sr, II …"),
        "full_name": Field(
            "Full name in one column", "“Dana Reyes” or “REYES, DANA M”; instead of first and last name."
        ),
        "birth_date": Field("Birth date", "Needed to recognise the person in other files."),
        "gender": Field("Gender", "F or M."),
        "mbi": Field("Medicare number (MBI)", "Eleven letters and digits. A masked one is not used."),
        "email": Field("E-mail address", "Of the member, not of the agent."),
        "phone": Field("Telephone number", "Of the member, not of the agent."),
        "address1": Field("Street", "First line of the address."),
        "address2": Field("Unit, second line of the address", ""),
        "city": Field("City", ""),
        "state": Field("State", "Two letters or the full name."),
        "zip": Field("ZIP code", ""),
        "county": Field("County", ""),
    },
    "The policy": {
        "policy_number": Field(
            "Policy or certificate number", "The number of this one enrolment, where the carrier gives one."
        ),
        "effective_date": Field("First day of coverage", "When the policy begins; often “Effective date”."),
        "term_date": Field("Last day of coverage", "Empty or far in the future while the policy goes on."),
        "renewal_date": Field("Renewal date", "Not the last day of coverage."),
        "received_date": Field("Application received or signed", "Decides between two rows of the same enrolment."),
        "status": Field("Status of the policy", "The carrier’s word, such as Active or Termed."),
        "status_reason": Field("Reason of the status", "Why a policy has ended."),
        "deceased_date": Field("Date of death", ""),
        "plan_name": Field("Name of the plan", ""),
        "plan_id": Field("CMS plan number in one column", "H1036-335-002"),
        "contract": Field("CMS contract", "H1036, where contract and plan stand apart."),
        "pbp": Field("CMS plan (PBP)", "335"),
        "segment": Field("CMS segment", "002"),
        "premium": Field("Premium", "What the member pays."),
        "payer": Field("Payer", "Only where one file has members of several payers: its number or name."),
        "writer_from": Field("Agent’s first day on the policy", ""),
        "writer_to": Field("Agent’s last day on the policy", ""),
    },
}
FIELDS: Final[dict[str, Field]] = {name: field for group in GROUPS.values() for name, field in group.items()}
REQUIRED: Final = ("effective_date", "status")
"""What every file must have, besides a name and what tells one enrolment from another."""
MAIN: Final = frozenset(
    ("member_number", "first_name", "last_name", "full_name", "birth_date", "policy_number", "effective_date",
     "term_date", "status", "plan_name")
)  # fmt: skip
"""What most files have, and every file some of."""
DATES: Final = frozenset(
    ("birth_date", "effective_date", "term_date", "renewal_date", "received_date", "writer_from", "writer_to")
)
_OTHER: Final = {
    "writer": "Writing agent",
    "product": "Product",
    "line_of_business": "Line of business",
    "policy_start": "First day of the policy",
    "product_words": "Words that tell the product",
    "shown": "Another agent, shown only",
}


def label(name: str) -> str:
    """What a field, or another use of a column, is called."""
    return FIELDS[name].label if name in FIELDS else _OTHER.get(name, name.replace("_", " ").capitalize())
