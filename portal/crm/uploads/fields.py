"""What the columns of a file mean: proposed from their headers, and checked before anything else is done."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from portal.connectors.ladder import name_key
from portal.crm.words import FIELDS as TYPED

FIELDS: Final = {
    "full_name": "Full name",
    **TYPED,
    "mbi": "Medicare number",
    "carrier": "Carrier",
    "member_number": "Member ID at the carrier",
    "note": "Notes",
}
"""Field → its words, in the order of the choices."""

_SYNONYMS: Final = {
    "full_name": "fullname name contact contactname client clientname member membername customer customername insured"
    " insuredname beneficiary beneficiaryname subscribername lastfirst lastnamefirstname",
    "first_name": "firstname first fname given givenname forename memberfirstname clientfirstname contactfirstname"
    " firstnm insuredfirstname nombre",
    "middle_name": "middlename middle mi middleinitial mname memberinitial initial",
    "last_name": "lastname last lname surname familyname memberlastname clientlastname contactlastname lastnm"
    " insuredlastname apellido",
    "suffix": "suffix namesuffix generation",
    "birth_date": "birthdate dob dateofbirth birthday bday memberdob clientdob birthdt",
    "gender": "gender sex",
    "email": "email emailaddress mail emailid primaryemail personalemail homeemail contactemail clientemail email1",
    "phone": "phone phonenumber telephone tel primaryphone phoneno phone1 contactphone clientphone mobile mobilephone"
    " cell cellphone mobilenumber cellnumber homephone",
    "address1": "address address1 addressline1 street streetaddress mailingaddress homeaddress addr addr1 street1"
    " residenceaddress",
    "address2": "address2 addressline2 apt unit addr2 street2 suite",
    "city": "city town mailingcity homecity",
    "state": "state st province mailingstate homestate stateprovince",
    "zip": "zip zipcode postal postalcode postcode zippostal zippostalcode mailingzip homezip zip5",
    "mbi": "mbi medicarenumber medicareid medicarebeneficiaryidentifier mbinumber medicareno medicare mbiid"
    " medicareclaimnumber",
    "carrier": "carrier carriername company insurancecompany insurer insurancecarrier payer",
    "member_number": "memberid membernumber subscriberid memberno carriermemberid idnumber subscribernumber umid",
    "note": "note notes comment comments remarks remark",
}
_BY_HEADER: Final = {word: name for name, words in _SYNONYMS.items() for word in words.split()}
_VALUE: Final = re.compile(r"@|\d{4}|\d[-/.]\d")  # an address, a long number, a date, a phone
# One way of saying who a row means is enough.
_WHO: Final = ({"full_name"}, {"first_name", "last_name"}, {"mbi"}, {"carrier", "member_number"})


@dataclass(slots=True)
class Proposal:
    """Place in the file → field, and what a person should know about the columns that have none."""

    columns: dict[int, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def meaning(header: str) -> str | None:
    """The field that a header names, None where it names none that is known here."""
    return _BY_HEADER.get(name_key(header))


def known_headers(cells: Sequence[str]) -> int:
    """How many of a row's cells name a field."""
    return sum(1 for cell in cells if meaning(cell))


def has_values(cells: Sequence[str]) -> bool:
    """Whether a row tells of somebody, where a header was looked for: no cell names a field, and one is a value."""
    return not known_headers(cells) and any(_VALUE.search(cell) for cell in cells)


def propose(header: Sequence[str]) -> Proposal:
    """What each column means. The first column that names a field has it; further ones are told and left out."""
    made = Proposal()
    for place, text in enumerate(header):
        name = meaning(text)
        if name is None:
            continue
        if name in made.columns.values():
            made.notes.append(
                f"“{text.strip()}” may be the {FIELDS[name].lower()} too. It is left out unless you choose it instead."
            )
            continue
        made.columns[place] = name
    if "full_name" in made.columns.values() and {"first_name", "last_name"} <= set(made.columns.values()):
        place = next(at for at, name in made.columns.items() if name == "full_name")
        del made.columns[place]  # the parts say more than the whole
    return made


def complaints(columns: Mapping[int, str], header: Sequence[str]) -> list[str]:
    """What must be put right in the choice of columns, as sentences; [] where nothing must."""
    found = []
    for name, words in FIELDS.items():
        places = [place for place, chosen in columns.items() if chosen == name]
        if len(places) > 1:
            named = " and ".join(f"“{header[place].strip() or f'column {place + 1}'}”" for place in sorted(places))
            found.append(f"{named} are both chosen as {words}. Choose one of them and leave the other out.")
    chosen = set(columns.values())
    if not any(needed <= chosen for needed in _WHO):
        found.append(
            "No column says who the people are. Choose first and last name, a full name, the Medicare number, or the"
            " carrier with the member ID."
        )
    if "full_name" in chosen and chosen & {"first_name", "last_name"}:
        found.append("Choose either the full name or first and last name, not both.")
    if ("carrier" in chosen) != ("member_number" in chosen):
        found.append("A member ID needs the carrier beside it, and a carrier the member ID. Choose both or neither.")
    return found


def masked(text: str) -> str:
    """A sample that shows the form of a value and not the value: "D•••", "(•••) •••-••••"."""
    cut = " ".join(text.split())[:24]
    shown = "".join("•" if c.isalnum() else c for c in cut)
    return cut[0] + shown[1:] if cut and cut[0].isalpha() else shown
