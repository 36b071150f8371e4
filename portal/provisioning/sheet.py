"""A file of accounts to provision: every row becomes the form of one record, checked by the form's own rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from werkzeug.datastructures import MultiDict

from portal.businesses import queries as businesses
from portal.businesses.agreements import Agreement
from portal.businesses.models import Business
from portal.businesses.operations import EMAIL_REFUSED
from portal.core.scope import AGENT_ROLES, Role
from portal.core.zones import ZONES
from portal.downline import queries as downline
from portal.downline.keys import canonical_npn
from portal.downline.models import Producer
from portal.downline.plans import Row, RowRefused, read_day
from portal.provisioning import queries
from portal.provisioning.forms.activities import ProvisionForm
from portal.provisioning.operations import Wanted
from portal.provisioning.places import STATES, zone_of

MOST = 1000
COLUMNS = {
    "npn": "NPN",
    "business_name": "Business name",
    "first_name": "First name",
    "last_name": "Last name",
    "email": "Email",
    "mobile_phone": "Mobile phone",
    "time_zone": "Time zone",
    "state": "State",
    "role": "Role",
    "enable_policy_sync": "Enable Policy Sync",
    "this_npn_may_be_in_more_than_one_account": "This NPN may be in more than one account",
    "agreement_signed": "Agreement signed",
    "agreement_until": "Agreement until",
}
_TICKS = {"enable_policy_sync": "enable_policy_sync", "this_npn_may_be_in_more_than_one_account": "confirm_shared"}
_YES, _NO = {"yes", "y", "true", "1", "x"}, {"", "no", "n", "false", "0"}


def _plain(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


_ROLES = {_plain(word): role.value for role in AGENT_ROLES for word in (role.value, role.label, role.label[8:])}
_ZONES = {_plain(word): key for key, label in ZONES.items() for word in (key, label)}
_STATES = {_plain(word): key for key, label in STATES.items() for word in (key, label)}


@dataclass(slots=True)
class Line:
    """One row: its number as a person counts it (the header is row 1), and what it asks for.

    `reasons`: why it cannot have it; `warnings`: what to know before.
    """

    number: int
    cells: Row
    npn: str | None
    title: str
    reasons: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    wanted: Wanted | None = None

    @property
    def good(self) -> bool:
        """Whether the row can be provisioned."""
        return self.wanted is not None and not self.reasons


@dataclass(frozen=True, slots=True)
class _Known:
    """What the portal knows about the records, addresses and accounts that a file names."""

    producers: Mapping[str, Producer]
    people: Mapping[str, Producer]  # who signs in, by the record's NPN
    provisioned: set[str]
    shared: set[str]
    taken: set[str]
    agreement_of: Callable[[Business], Agreement]


def plan(rows: Sequence[Row]) -> list[Line]:
    """Every row of a file that is not blank, judged; nothing is changed."""
    lines = [_line(number, row) for number, row in enumerate(rows, 2) if any(row.values())]
    known = _look_up(lines)
    npns: dict[str, int] = {}
    emails: dict[str, int] = {}
    for line in lines:
        _judge(line, known)
        if line.npn:
            _once(line, npns, line.npn, "The NPN stands in row {0} already.")
        if line.wanted:
            _once(line, emails, line.wanted.person.email, "The e-mail address stands in row {0} already.")
    return lines


def _line(number: int, row: Row) -> Line:
    # A file of refused rows that was corrected still has the mark that keeps spreadsheets from calculating.
    cells = {
        key: cell[1:] if cell[:1] == "'" and cell[1:2] in ("=", "+", "-", "@") else cell for key, cell in row.items()
    }
    title = cells.get("business_name") or f"{cells.get('first_name', '')} {cells.get('last_name', '')}".strip()
    return Line(number, cells, canonical_npn(cells.get("npn", "")), title[:80])


def _look_up(lines: Sequence[Line]) -> _Known:
    producers = downline.by_npns(line.npn for line in lines if line.npn)
    people = queries.who_sign_in(producers.values())
    emails = {line.cells.get("email", "").strip().lower() for line in lines}
    emails |= {(person.email or "").lower() for person in people.values()}
    return _Known(
        producers,
        people,
        queries.provisioned(producers.values()),
        queries.in_an_account(producers),
        queries.taken(emails - {""}),
        businesses.agreement_of_any(),
    )


def _once(line: Line, seen: dict[str, int], key: str, says: str) -> None:
    first = seen.setdefault(key, line.number)
    if first != line.number:
        line.reasons.append(says.format(first))


def _judge(line: Line, known: _Known) -> None:
    producer = known.producers.get(line.npn or "")
    if producer is None:
        line.reasons.append(
            f"No record of your downline has the NPN {line.npn}." if line.npn else "The NPN must be 1 to 10 digits."
        )
        return
    line.title = line.title or producer.name
    if producer.npn in known.provisioned:
        line.reasons.append(f"{producer.name} has an Agent CRM Business already.")
        return
    form = _form(line, producer, known)
    if (form.email.data or "").lower() in known.taken:
        line.reasons.append(EMAIL_REFUSED)
    if line.reasons:
        return
    line.wanted = form.wanted(producer)
    if line.wanted.enable_sync:
        _may_sync(line, line.wanted, known)


def _may_sync(line: Line, wanted: Wanted, known: _Known) -> None:
    to_be = Business(
        name=wanted.business_name,
        agreement_signed_on=wanted.agreement_signed,
        agreement_until=wanted.agreement_until,
    )
    agreement = known.agreement_of(to_be)
    if agreement.blocked:
        line.reasons.append(agreement.warning)
    elif agreement.warning:
        line.warnings.append(agreement.warning)


def _form(line: Line, producer: Producer, known: _Known) -> ProvisionForm:
    """The form as a person would have filled it in; all that is wrong with it becomes reasons of the row."""
    given = _given(line, queries.prefilled(producer, known.people[producer.npn]))
    form = ProvisionForm(formdata=MultiDict(given), shared=producer.npn in known.shared, meta={"csrf": False})
    if not form.validate():
        line.reasons += [f"{form[name].label.text}: {says}" for name, found in form.errors.items() for says in found]
    return form


def _given(line: Line, record: Mapping[str, str | None]) -> dict[str, str]:
    """What the form is sent: the row's words in the form's own values, empty cells from the record."""
    cells = {key: cell.strip() for key, cell in line.cells.items()}
    given = {name: cells.get(name) or record.get(name) or "" for name in ("business_name", "first_name", "last_name")}
    given |= {
        "email": cells.get("email") or record["email"] or "",
        "mobile": cells.get("mobile_phone") or record["mobile"] or "",
    }
    given["state"] = _word(cells.get("state"), _STATES) or record["state"] or ""
    given["time_zone"] = _word(cells.get("time_zone"), _ZONES) or zone_of(given["state"])
    given["role"] = _word(cells.get("role"), _ROLES) or Role.AGENT_ADMIN.value
    for column, name in _TICKS.items():
        said = cells.get(column, "").casefold()
        if said in _YES:
            given[name] = "y"
        elif said not in _NO:
            line.reasons.append(f"{COLUMNS[column]} must be yes or no.")
    for name in ("agreement_signed", "agreement_until"):
        try:
            day = read_day(cells.get(name, ""), "day")
        except RowRefused:
            given[name] = cells[name]  # for the form to refuse
        else:
            given[name] = day.isoformat() if day else ""
    return given


def _word(cell: str | None, known: Mapping[str, str]) -> str:
    """The form's value for a word as people write it; an unknown word as it is, for the form to refuse."""
    return known.get(_plain(cell), cell) if cell else ""
