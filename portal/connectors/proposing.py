"""Which column of an unknown file is probably which field. Better no proposal than a wrong one.

A header is cut into words; what only says whose value it is ("member", "insured") is left out; the rest must be
exactly one of a field's names. A header that names an agent, a dependent or an address other than the member's is
proposed for none of the member's fields, and values of another kind than the field's veto its name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from portal.connectors.profile import Look

_BETWEEN = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9#]+")
_ABBREVIATIONS: Final = """
    mbr=member memb=member mem=member subscr=subscriber eff=effective effdt=effective_date dt=date dte=date
    dob=birth_date birthdate=birth_date birthday=birth_date born=birth_date fname=first_name lname=last_name
    firstname=first_name lastname=last_name fullname=full_name nm=name no=number nbr=number num=number #=number
    nr=number addr=address adr=address tel=phone telephone=phone ph=phone mail=email e= zipcode=zip zipcd=zip
    postal=zip termination=term terminated=term disenrollment=term disenroll=term expiration=term
    cancellation=term surname=last_name forename=first_name given=first family=last mi=middle_name initial=name
    init=name sex=gender mbi=medicare hicn=medicare stat=status identifier=id ident=id prem=premium cnty=county
    desc=description pol=policy cert=certificate cov=coverage start=effective begin=effective beginning=effective
    begins=effective inception=effective issue=effective issued=effective end=term ends=term ending=term
    recd=received rec=received app=application prod=product lob=line_business brkr=broker agt=agent pdcr=producer
    prdcr=producer
"""
_SPELLED: Final = {
    short: full.replace("_", " ") for short, _, full in (pair.partition("=") for pair in _ABBREVIATIONS.split())
}
_WHOSE: Final = frozenset(
    ("member", "insured", "subscriber", "client", "customer", "enrollee", "applicant", "beneficiary", "person", "the",
     "of", "resident", "residence", "home", "primary", "current", "us", "carrier", "s")
)  # fmt: skip
_AGENT: Final = frozenset(("agent", "broker", "producer", "writing", "writer", "agency", "rep", "advisor", "seller"))
_NOT_THE_WRITER: Final = frozenset(
    ("servicing", "aor", "record", "upline", "paid", "payable", "parent", "reporting", "master", "manager", "fmo", "ga",
     "mga", "nma", "sga", "level", "override")
)  # fmt: skip
_OTHERS: Final = frozenset(
    ("mailing", "mail", "secondary", "alternate", "alt", "previous", "prior", "old", "emergency", "employer", "group",
     "dependent", "spouse", "pcp", "doctor", "network", "payer", "bank", "original", "orig", "legacy", "paid",
     "billing", "bill", "due", "invoice")
)  # fmt: skip
_NAMES: Final[dict[str, str]] = {
    "member_number": "id | number | id number | policy holder id | unique id",
    "policy_number": "policy number | policy id | policy | "
    "certificate number | contract number | certificate | enrollment id",
    "first_name": "first name | first",
    "middle_name": "middle name | middle | middle first name",
    "last_name": "last name | last",
    "full_name": "name | full name",
    "suffix": "suffix | name suffix",
    "birth_date": "birth date | date birth",
    "gender": "gender",
    "mbi": "medicare | medicare number | medicare id",
    "email": "email | email address",
    "phone": "phone | phone number",
    "address1": "address | address 1 | address line 1 | address1 | street | street address | street 1",
    "address2": "address 2 | address line 2 | address2 | unit | apt | street 2",
    "city": "city | town",
    "state": "state",
    "zip": "zip | zip code",
    "county": "county | county name",
    "effective_date": "effective date | effective | policy effective date | coverage effective date | "
    "coverage effective | policy effective | date effective | enrollment effective date | effective day",
    "term_date": "term date | term | policy term date | coverage term date | "
    "coverage term | policy term | date term | inactive date | term effective date",
    "renewal_date": "renewal date | renewal",
    "received_date": "received date | application received date | signature date | signed date | "
    "application date | application signed date | date received | date signed",
    "status": "status | policy status | status code | enrollment status | coverage status",
    "status_reason": "status reason | term reason | term reason code | reason | reason code",
    "plan_name": "plan name | plan | plan description",
    "plan_id": "plan id | cms plan id | contract pbp | contract pbp segment id | cms plan number | plan code",
    "contract": "contract | cms contract | cms contract number | h number",
    "pbp": "pbp | pbp code | pbp number",
    "segment": "segment | segment id",
    "product": "product | product type | product name",
    "line_of_business": "line business",
    "premium": "premium | monthly premium | premium amount | modal premium",
    "writer_from": "agent effective date | broker effective date",
    "writer_to": "agent term date | broker term date",
    "deceased_date": "deceased date | death date | date death",
}
_KINDS: Final = {
    "date": "birth_date effective_date",
    "date empty": "term_date renewal_date received_date deceased_date writer_from writer_to",
    "mbi empty text id words": "mbi",
    "email empty": "email",
    "phone empty": "phone",
    "zip number words empty": "zip",
    "money number words empty": "premium",
    "words state number": "status",
    "words empty": "gender",
    "text words": "first_name last_name product line_of_business",
    "text words comma_name": "full_name",
    "state words text empty": "state",
    "number words zip empty": "pbp segment",
    "id words empty": "contract",
    "plan id words text empty number": "plan_id",
    "id number npn words text zip phone": "member_number policy_number",
}
_PLAN_PARTS: Final = frozenset(("contract", "pbp", "segment", "plan_name", "plan_id"))
_FITS: Final = {name: frozenset(kinds.split()) for kinds, names in _KINDS.items() for name in names.split()}


class Proposal(NamedTuple):
    """A column for a field, and why, as the end of a sentence."""

    place: int
    why: str


BY_NAME = "its name says so"


def propose(looks: Sequence[Look]) -> dict[str, Proposal]:
    """Field → column; also `writer_npn`, `writer_id` and `writer_name`. Each column and each field at most once."""
    found: dict[str, Proposal] = {}
    for one in looks:
        name = _field_of(one)
        if name is not None and name not in found:
            found[name] = Proposal(one.place, BY_NAME)
    if "first_name" in found and "last_name" in found:
        found.pop("full_name", None)
    if "contract" in found:
        found.pop("plan_id", None)
    _by_values(looks, found)
    return found


def _field_of(one: Look) -> str | None:
    words = words_of(one.column.header)
    if not one.column.key[0] or one.column.occurrence > 1:
        return None
    if writer := _writer(words, one):
        return writer
    told = " ".join(word for word in words if word not in _WHOSE)
    if not words or set(words) & (_OTHERS | _NOT_THE_WRITER):
        return None
    for name, names in _NAMES.items():
        wanted = " ".join(words) if name.startswith("writer_") else told
        if one.kind == "plan" and name in _PLAN_PARTS and wanted in names.split(" | "):
            return "plan_id"  # whatever its name: each value is a whole plan number
        if wanted in names.split(" | ") and one.kind in _FITS.get(name, {one.kind}):
            return name if name.startswith("writer_") or not set(words) & _AGENT else None
    return None


def _writer(words: list[str], one: Look) -> str | None:
    named = set(words)
    if named & _NOT_THE_WRITER or "date" in named:
        return None
    if "npn" in named and one.kind in ("npn", "number", "words", "zip", "empty"):
        return "writer_npn" if named <= _AGENT | {"npn", "number"} else None
    if not named & _AGENT:
        return None
    rest = named - _AGENT
    if rest and rest <= {"number", "id", "code", "tin", "san"}:
        return "writer_id"
    return "writer_name" if rest in ({"name"}, {"full", "name"}) and "agency" not in named else None


def _by_values(looks: Sequence[Look], found: dict[str, Proposal]) -> None:
    """Fields that values alone can tell, where exactly one column left has such values."""
    taken = {one.place for one in found.values()}
    left = [one for one in looks if one.place not in taken and one.column.key[0] and not _of_others(one)]
    tests: dict[str, Callable[[Look], bool]] = {
        "mbi": lambda one: one.kind == "mbi",
        "email": lambda one: one.kind == "email",
        "phone": lambda one: one.kind == "phone",
        "birth_date": lambda one: one.births and one.distinct >= 3,
    }
    if not {"first_name", "last_name", "full_name"} & found.keys():
        tests["full_name"] = lambda one: one.kind == "comma_name"
    for name, fits in tests.items():
        fitting = [one for one in left if fits(one)]
        if name not in found and len(fitting) == 1:
            found[name] = Proposal(fitting[0].place, "its values look like that")


def _of_others(one: Look) -> bool:
    return bool(set(words_of(one.column.header)) & (_AGENT | _OTHERS | _NOT_THE_WRITER))


def words_of(header: str) -> list[str]:
    """The header in lower-case words, abbreviations spelled out: "MbrEffDt" is member, effective, date."""
    text = re.sub(r"(?i)\be[- ]?mail", "email", header[:200])
    words = [word.lower() for word in _BETWEEN.split(text) if word]
    return " ".join(_SPELLED.get(word, word) for word in words).split()
