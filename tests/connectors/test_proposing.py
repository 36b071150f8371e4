"""What is seen in an unknown file, and what is proposed of it: better nothing than a wrong column."""

from __future__ import annotations

from datetime import date

import pytest

from portal.connectors import heading
from portal.connectors.drifting import columns, propose
from portal.connectors.headers import compare, header_id, named, rename_columns
from portal.connectors.layouts import layout_bodies, layout_from
from portal.connectors.profile import Look, look, shape
from portal.connectors.proposing import propose as propose_fields
from portal.connectors.proposing import words_of
from portal.connectors.readers import Sheet

AS_OF = date(2026, 11, 3)
MBIS = ("1EG4TE5MK73", "2EG4TE5MK74", "3EG4TE5MK75")


def looks(**columns_of: list[str]) -> list[Look]:
    """The columns of a table; a header is the argument's name with blanks for _."""
    header = [name.replace("_", " ") for name in columns_of]
    return look(header, [list(row) for row in zip(*columns_of.values(), strict=True)], as_of=AS_OF)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["2026-01-01", "2026-02-01", "2026-03-01"], "date"),
        (["13.02.2026", "01.02.2026", "28.02.2026"], "date"),
        (["20260101", "20260201", "20260301"], "date"),
        (list(MBIS), "mbi"),
        (["a@mail.example", "b@mail.example", "c@mail.example"], "email"),
        (["(614) 555-0101", "614-555-0102", "6145550103"], "phone"),
        (["$12.50", "1,200.00", "$3"], "money"),
        (["OH", "FL", "TX"], "state"),
        (["43004", "43005-1234", "43006"], "zip"),
        (["17000001", "17000002", "17000003"], "npn"),
        (["REYES, DANA", "OKAFOR, SAM", "WHITE, ROSE A"], "comma_name"),
        (["A", "T", "A"], "words"),
        (["", "null", "N/A"], "empty"),
        (["12345", "45678", "46000"], "zip"),
    ],
)  # fmt: skip
def test_a_kind_is_guessed_from_the_values(values: list[str], kind: str) -> None:
    assert looks(Column=values, Other=["x", "y", "z"])[0].kind == kind


def test_dates_tell_their_order_and_their_far_days() -> None:
    found = looks(Date=["03/04/2026", "13/04/2026", "01/01/2300", "31/12/2026"], Key=["a", "b", "c", "d"])[0]
    assert (found.day_first, found.month_first, found.unclear, found.example) == (2, 0, 1, "03/04/2026")
    assert found.far == ("2300-01-01",) and not found.births
    assert looks(Date=["03/04/1950", "13/04/1961", "12/12/1944"], Key=["a", "b", "c"])[0].births


def test_samples_are_shapes_and_never_values() -> None:
    assert shape("Dana Reyes-O'Neil 1950") == "Daaa aaaaa-a'aaaa 9999"
    told = looks(Number=["H70000001", "H70000002", "H70000003"], Key=["a", "b", "c"])[0]
    assert told.samples == ("H99999999",) and told.unique and told.words != ()


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("MbrEffDt", ["member", "effective", "date"]),
        ("Member_First_Name", ["member", "first", "name"]),
        ("agentNPN", ["agent", "npn"]),
        ("E-Mail", ["email"]),
        ("Writing Agent #", ["writing", "agent", "number"]),
    ],
)
def test_headers_are_cut_into_words(header: str, words: list[str]) -> None:
    assert words_of(header) == words


def test_a_first_name_is_never_proposed_for_the_last() -> None:
    names = ["Ann", "Bo", "Cy"]
    found = propose_fields(looks(Member_First_Name=names, Agent_Last_Name=names, Spouse_Last_Name=names))
    assert {name: one.place for name, one in found.items()} == {"first_name": 0}


def test_columns_of_an_agent_are_proposed_for_the_writer_only() -> None:
    npns, days = ["17000001", "17000002", "17000003"], ["2026-01-01", "2026-02-01", "2026-03-01"]
    found = propose_fields(
        looks(
            Servicing_Agent_NPN=npns,
            Writing_Agent_NPN=npns,
            AOR_Name=["A", "B", "C"],
            Broker_Name=["D", "E", "F"],
            Agent_Email=["a@mail.example", "b@mail.example", "c@mail.example"],
            Broker_Effective_Date=days,
            Effective_Date=days,
        )
    )
    places = {name: one.place for name, one in found.items()}
    assert places == {"writer_npn": 1, "writer_name": 3, "writer_from": 5, "effective_date": 6}


def test_a_name_with_other_values_is_not_proposed() -> None:
    words = ["blue", "red", "blue"]
    assert propose_fields(looks(Effective_Date=words, Email=words, Birth_Date=words, Colour=words)) == {}


def test_values_alone_tell_what_is_unmistakable() -> None:
    born = ["03/04/1950", "13/04/1961", "12/12/1944"]
    found = propose_fields(looks(Alpha=list(MBIS), Beta=born, Gamma=["REYES, DANA", "OKAFOR, SAM", "WHITE, ROSE"]))
    assert {name: one.place for name, one in found.items()} == {"mbi": 0, "birth_date": 1, "full_name": 2}


def test_the_header_is_found_below_lines_of_text_and_on_any_sheet() -> None:
    pivot = [(1, ["Count", "17"]), (2, ["Total", "99"])]
    data = [(1, ["Book of business", "", "", ""]), (2, ["As of", "11/03/2026", "", ""]),
            (3, ["Name", "Start", "Number", "Agent"]), (4, ["REYES, DANA", "2026-01-01", "17", "Bo"])]  # fmt: skip
    sheets = [Sheet(name, rows, lambda: iter(())) for name, rows in (("Pivot", pivot), ("Data", data))]
    assert heading.guess(sheets) == heading.Heading(1, 3)
    assert heading.guess(sheets[:1]) is None
    assert "REYES" not in " ".join(heading.shown(data[3][1])) and heading.shown(data[2][1])[0] == "Name"


def test_a_header_is_the_same_in_any_order_and_names_stand_apart_by_place() -> None:
    assert header_id(["A b", "C", "C"]) == header_id(["c", "a_b", "C "]) != header_id(["A b", "C"])
    assert [one.called for one in named(["Plan", "Plan", "Plan", ""])] == ["Plan", "the 2nd Plan", "the 3rd Plan", ""]
    differs = compare(["Plan", "Plan", "Start"], ["Start", "Plan", "End"])
    assert [one.called for one in differs.missing] == ["the 2nd Plan"]
    assert [one.called for one in differs.new] == ["End"]


def test_a_renamed_column_is_proposed_by_its_name_or_its_values_and_never_across_kinds() -> None:
    then = ["Member Number", "Start", "City"]
    now = ["Mbr Number", "Zed", "Begin"]
    rows = [[f"M-{n}00x", f"0{n}/05/2026", f"Town {n}"] for n in range(1, 9)]
    before = columns(look(then, rows, as_of=AS_OF), rows)
    turned = [[one, two, three] for one, three, two in rows]  # Zed has the towns, Begin the dates
    after = columns(look(now, turned, as_of=AS_OF), turned)
    found = propose(named(then), named(now), before, after)
    assert {one.then.header: one.now.header for one in found} == {
        "Member Number": "Mbr Number", "Start": "Begin", "City": "Zed",
    }  # fmt: skip


# The columns of a fixed-width file are named by its layout, so that they never change by themselves.
@pytest.mark.parametrize("name", sorted(name for name, body in layout_bodies().items() if "fixed_width" not in body))
def test_every_column_of_every_layout_can_be_renamed(name: str) -> None:
    body = layout_bodies()[name]
    layout = layout_from(body, name=name)
    keys = {column.key for column in layout.all_columns()}
    renamed = {key: named([f"Other {number}"])[0] for number, key in enumerate(sorted(keys))}
    other = layout_from(rename_columns(body, renamed), name=name)
    assert {column.key for column in other.all_columns()} == {one.key for one in renamed.values()}
    assert (other.statuses, other.identity, len(other.products)) == (
        layout.statuses, layout.identity, len(layout.products),
    )  # fmt: skip
