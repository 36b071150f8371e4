"""What an import of records would do, row by row."""

from __future__ import annotations

import pytest

from portal.connectors.rows import FileRefused
from portal.core.ids import new_id
from portal.downline.models import Producer
from portal.downline.plans import Action, plan_producers
from portal.downline.table_file import MAX_BYTES, pack, problems_csv, read_table, unpack

COLUMNS = ("kind", "npn", "first_name", "last_name", "name", "email", "phone", "state", "agency_npn", "principal")


def _agency(npn: str = "77", name: str = "Harbor") -> dict[str, str]:
    return {"kind": "agency", "npn": npn, "name": name}


def _agent(npn: str = "5", **more: str) -> dict[str, str]:
    return {"kind": "agent", "npn": npn, "first_name": "Dana", "last_name": "Whitfield", **more}


def _known(kind: str, npn: str, **more: object) -> Producer:
    return Producer(
        id=new_id(), kind=kind, npn=npn, name="Dana Whitfield", first_name="Dana", last_name="Whitfield", **more
    )


def test_an_agency_may_stand_below_its_agents() -> None:
    plan = plan_producers([_agent(agency_npn="077", principal="Yes"), _agency()], {})
    assert [row.action for row in plan.rows] == [Action.CREATE, Action.CREATE]
    assert plan.rows[0].values["agency_npn"] == "77"
    assert plan.rows[0].values["is_principal"] is True


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (_agent(""), "The npn must be 1 to 10 digits."),
        (_agent("12345678901"), "The npn must be 1 to 10 digits."),
        ({**_agent(), "last_name": " "}, "An agent needs first_name and last_name."),
        ({"kind": "agency", "npn": "7"}, "An agency needs a name."),
        ({**_agent(), "kind": "broker"}, "The kind must be agent or agency."),
        (_agent(email="dana at mail"), "The email is not an address."),
        (_agent(phone="12"), "The phone is not a number that can be called."),
        (_agent(state="Ontario"), "The state is not one of the United States."),
        (_agent(agency_npn="99"), "The agency 99 is neither in the file nor in your downline."),
        (_agent(agency_npn="5"), "The agency_npn must be the NPN of an agency."),
        (_agent(principal="maybe"), "The principal must be yes, no or empty."),
        (_agent(principal="yes"), "A principal needs the agency_npn of the agency."),
        ({**_agent(), "first_name": "x" * 121}, "A name is longer than 120 characters."),
    ],
)
def test_a_bad_row_is_refused_with_its_number_and_reason(row: dict[str, str], reason: str) -> None:
    plan = plan_producers([_agent("6"), row], {})
    assert plan.rows[0].action is Action.CREATE
    assert [(one.number, one.reason) for one in plan.problems] == [(3, reason)]


def test_the_same_npn_twice_is_refused_the_second_time() -> None:
    plan = plan_producers([_agent("6"), _agent("006")], {})
    assert plan.problems[0].reason == "The NPN stands in row 2 already."


def test_an_agency_has_one_principal() -> None:
    rows = [_agency(), _agent("6", agency_npn="77", principal="yes"), _agent("8", agency_npn="77", principal="yes")]
    assert plan_producers(rows, {}).problems[0].reason == "Row 3 already names the principal of that agency."


def test_known_records_are_matched_by_npn_and_empty_cells_leave_them() -> None:
    known = {"5": _known("agent", "5", email="dana@agency.example", is_principal=False)}
    rows = [_agent("5"), _agent("6")]
    assert [row.action for row in plan_producers(rows, known).rows] == [Action.UNCHANGED, Action.CREATE]
    changed = plan_producers([_agent("05", email="new@agency.example")], known).rows[0]
    assert (changed.action, changed.changed) == (Action.UPDATE, ["email"])


def test_an_agent_does_not_become_an_agency() -> None:
    plan = plan_producers([_agency("5")], {"5": _known("agent", "5")})
    assert plan.problems[0].reason == "The NPN 5 belongs to an agent of your downline, not to an agency."


def test_a_table_keeps_its_row_numbers_over_blank_rows() -> None:
    data = b"\xef\xbb\xbfNPN;Kind;First name;Last name\r\n1;agent;A;B\r\n\r\n0;agent;C;D\r\n"
    table = read_table(data, needed=("npn",), known=COLUMNS)
    plan = plan_producers(table.rows, {})
    assert [(row.number, row.action) for row in plan.rows] == [(2, Action.CREATE), (4, Action.REFUSED)]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"name,state\nA,OH\n", "no column npn"),
        (b"npn,npn\n1,2\n", "twice"),
        (b"%PDF-1.7 npn", "PDF"),
        (b"x" * (MAX_BYTES + 1), "larger than 1 MB"),
    ],
)
def test_a_file_that_is_no_table_is_refused(data: bytes, says: str) -> None:
    with pytest.raises(FileRefused, match=says):
        read_table(data, needed=("npn",), known=COLUMNS)


def test_the_carried_file_comes_back_as_it_was_or_not_at_all() -> None:
    assert unpack(pack(b"npn\n1\n")) == b"npn\n1\n"
    for damaged in ("", "!!", "AAAA"):
        with pytest.raises(FileRefused):
            read_table(unpack(damaged), needed=("npn",), known=COLUMNS)
    assert len(unpack(pack(b"0" * 50_000_000))) == MAX_BYTES + 1  # a bomb is cut, and then refused by its size


def test_refused_rows_are_harmless_in_a_spreadsheet() -> None:
    plan = plan_producers([{**_agent("x"), "first_name": "=1+1", "last_name": ""}], {})
    assert problems_csv(plan.problems).splitlines()[1].startswith("2,,'=1+1")
