"""`truth.csv`: one line per policy that must be in the book, from what the generator decided, not from its files.

Each line says what its carrier's file tells: where the file has no birth date, e-mail or readable Medicare number, the
field is empty. `writing_npn` is canonical (no leading zeros), empty where nobody could know the writer. `status` is a
`portal.connectors.rows.Status`; dates are ISO; an open term is empty.

`policy_key` is the number that the portal shows as policy number:
UnitedHealthcare: the first `memberNumber`; Humana: `Humana ID`; Aetna: `Member ID`; Mutual of Omaha: `Policy Number`.
The first three are a member's: (fmo, carrier, policy_key, effective_date) is unique.
"""

from __future__ import annotations

from portal.demo.book import Enrolment
from portal.demo.plans import Carrier

COLUMNS = (
    "fmo", "carrier", "policy_key", "member_first", "member_last", "dob", "mbi", "writing_npn", "status",
    "effective_date",
    "term_date", "email",
)  # fmt: skip
MBI_TOLD = {Carrier.UHC, Carrier.AETNA}  # Humana masks it, Mutual has none
EMAIL_TOLD = {Carrier.UHC, Carrier.HUMANA}


def line(enrolment: Enrolment) -> list[str]:
    """The truth about one policy, in the order of `COLUMNS`."""
    person, carrier = enrolment.person, enrolment.carrier
    return [
        enrolment.fmo,
        carrier.value,
        enrolment.policy_key,
        person.first,
        person.last,
        "" if carrier == Carrier.MUTUAL else person.birth.isoformat(),
        person.mbi if carrier in MBI_TOLD else "",
        enrolment.credit.writer.npn,
        enrolment.status.value,
        enrolment.effective.isoformat(),
        enrolment.term.isoformat() if enrolment.term else "",
        person.email if carrier in EMAIL_TOLD else "",
    ]
