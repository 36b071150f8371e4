"""What a layout file may say beyond plain columns: each entry does what `docs/layouts.md` tells of it."""

from __future__ import annotations

import copy
import csv
import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from portal.connectors.declared import CROSSWALK_KINDS
from portal.connectors.file_names import day_above, status_in_name
from portal.connectors.layouts import LayoutError, layout_from, load_layouts
from portal.connectors.parse import ParsedFile, parse
from portal.connectors.rows import FileRefused, PolicyRow
from portal.connectors.statuses import by_dates
from tests.connectors.files import AS_OF, GOLDEN, humana, write_book, write_text

_LAYOUTS = Path(__file__).parents[2] / "portal" / "connectors" / "layouts"
WORDS = {"active": "active", "graceperiod": "grace", "delinquent": "grace", "termed": "terminated"}


def _data(name: str, **changes: Any) -> dict[str, Any]:
    data = tomllib.loads((_LAYOUTS / f"{name}.toml").read_text(encoding="utf-8"))
    return copy.deepcopy(data) | changes


def _open(path: Path, data: dict[str, Any], file_name: str = "a.csv") -> ParsedFile:
    return parse(path, file_name=file_name, as_of=AS_OF, layouts={"mine": layout_from(data, name="mine")})


def _rows(parsed: ParsedFile) -> list[PolicyRow]:
    return [row for batch in parsed.batches() for row in batch.rows]


def _golden_rows(name: str) -> list[list[str]]:
    [path] = [one for one in GOLDEN.glob(f"{name}.?sv") if one.suffix in (".csv", ".tsv")]
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file, delimiter="\t" if path.suffix == ".tsv" else ","))


def test_the_kinds_of_identifier_are_all_declared() -> None:
    used = {layout.writer.crosswalk.kind for layout in load_layouts().values() if layout.writer.crosswalk}
    assert used == set(CROSSWALK_KINDS)


def test_one_carrier_has_one_name() -> None:
    names: dict[str, set[str]] = {}
    for layout in load_layouts().values():
        names.setdefault(layout.carrier, set()).add(layout.carrier_name)
    assert all(len(found) == 1 for found in names.values()), names


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Ambetter_Delinquent.xlsx", ("grace", "Delinquent")),
        ("FloridaBlue_Grace Period_20261103.csv", ("grace", "Grace Period")),
        ("book-grace_period (2).csv", ("grace", "grace period")),
        ("GracePeriod.csv", ("grace", "Grace Period")),
        ("Book_Termed_20261103.csv", ("terminated", "Termed")),
        ("Inactive.csv", None),
        ("Undelinquent.csv", None),
        ("Active_Termed.csv", None),
        ("Delinquent_Grace Period.csv", ("grace", "Grace Period")),
        ("book.csv", None),
    ],
)
def test_the_status_in_a_file_name(name: str, found: tuple[str, str] | None) -> None:
    assert status_in_name(name, WORDS) == found


def test_the_word_in_a_name_refines_only_what_the_layout_says(tmp_path: Path) -> None:
    path = write_text(tmp_path / "a.csv", _golden_rows("florida_blue"))
    data = _data("florida_blue")
    plain = [row.status for row in _rows(_open(path, data, "book.csv"))]
    late = _rows(_open(path, data, "FloridaBlue_Delinquent.csv"))
    assert plain == ["active", "active", "active", "terminated", "grace", "future_active"]
    assert [row.status for row in late] == ["grace", "grace", "grace", "terminated", "grace", "future_active"]
    assert [row.status_raw for row in late] == ["Delinquent", "Delinquent", "Delinquent", "Termed", "Delinquent", None]
    helped = _rows(_open(path, data, "FloridaBlue_PaymentAssistance_20261103.csv"))
    assert [row.status for row in helped] == plain and helped[0].status_raw == "Payment Assistance"


@pytest.mark.parametrize("word", ["Delinquent", "Unpaid", "Grace Period"])
def test_a_variant_of_a_file_without_a_status_column_is_named(tmp_path: Path, word: str) -> None:
    path = write_text(tmp_path / "a.csv", _golden_rows("ambetter"))
    found = _rows(_open(path, _data("ambetter"), f"Ambetter_{word}_20261103.csv"))
    assert [row.status for row in found] == ["grace", "grace", "grace", "future_active", "terminated", "grace"]
    assert found[0].status_raw == word


def test_a_name_that_must_tell_the_status_and_does_not(tmp_path: Path) -> None:
    path = write_text(tmp_path / "a.csv", _golden_rows("ambetter"))
    data = _data("ambetter", status_from={"file_name": {"Active": "active", "Termed": "terminated"}})
    assert {row.status for row in _rows(_open(path, data, "x_termed.csv"))} == {"terminated"}
    with pytest.raises(FileRefused, match="name with exactly one of the words “active”, “termed”"):
        _open(path, data, "book.csv")


def test_a_status_by_dates_has_its_last_day() -> None:
    today = date(2026, 11, 3)
    assert by_dates(today, None, today) == by_dates(today, today, today) == "active"
    assert by_dates(date(2026, 11, 4), None, today) == "future_active"
    assert by_dates(date(2026, 1, 1), date(2026, 11, 2), today) == "terminated"


def test_the_later_of_two_dates_is_the_effective_one_and_no_part_of_the_identity(tmp_path: Path) -> None:
    path = write_text(tmp_path / "a.csv", _golden_rows("ambetter"))
    one, new_broker, old_broker, next_year, *_ = _rows(_open(path, _data("ambetter")))
    assert (str(new_broker.effective_date), str(new_broker.writer_from)) == ("2026-06-01", "2026-06-01")
    assert (str(old_broker.effective_date), str(old_broker.writer_to)) == ("2026-01-01", "2026-05-31")
    assert new_broker.identity == old_broker.identity and new_broker.content_hash != old_broker.content_hash
    assert one.policy_number == next_year.policy_number and one.identity != next_year.identity


def test_members_of_one_contract_are_told_apart(tmp_path: Path) -> None:
    path = write_text(tmp_path / "a.csv", _golden_rows("florida_blue"))
    family = [row for row in _rows(_open(path, _data("florida_blue"))) if row.policy_number == "H40000001"]
    assert len({row.identity for row in family}) == 3 and {row.member_number for row in family} == {None}


def test_a_supplement_renews_where_another_plan_ends(tmp_path: Path) -> None:
    path = write_text(tmp_path / "a.csv", _golden_rows("bcbs_nc"))
    found = {(row.line_of_business, row.renewal_date, row.term_date) for row in _rows(_open(path, _data("bcbs_nc")))}
    assert ("Supplement", date(2027, 6, 1), None) in found and ("Medicare", None, date(2026, 8, 31)) in found
    assert not [row for row in found if row[0] == "Supplement" and row[2]]


@pytest.mark.parametrize(
    "rows",
    [
        [["As of 11/02/2026"]],
        [["Book of Business", ""], ["", "AS OF:", "", "Nov 2 2026"]],
        [["as of November 2, 2026"]],
        [["As of", "46328"]],
    ],
)
def test_the_day_above_the_header(rows: list[list[str]]) -> None:
    assert day_above(rows, ("as of",), latest=AS_OF) == date(2026, 11, 2)
    assert day_above(rows, ("report date",), latest=AS_OF) is None


def test_the_name_of_a_file_goes_before_the_day_above_its_header(tmp_path: Path) -> None:
    path = write_book(tmp_path / "a.xlsx", {"Book": _golden_rows("wellcare")})
    data = _data("wellcare")
    assert _open(path, data, "book.xlsx").as_of == date(2026, 11, 2)
    assert _open(path, data, "book_20261101.xlsx").as_of == date(2026, 11, 1)
    assert _open(path, data | {"as_of": []}, "book.xlsx").as_of == AS_OF


def test_values_are_translated_before_they_are_read(tmp_path: Path) -> None:
    data = _data("humana", values={"gender": {"2": "F"}, "line_of_business": {"MED": "Medicare"}})
    data["columns"]["line_of_business"] = "Line"
    header, row = humana(Gender="2", Line="med")
    [found] = _rows(_open(write_text(tmp_path / "a.csv", [header, row]), data))
    assert (found.gender, found.line_of_business) == ("F", "Medicare")


def test_two_carriers_with_one_header_are_told_apart_by_a_value(tmp_path: Path) -> None:
    header, *rows = _golden_rows("scan")
    place = header.index("Plan")
    nobody = [[cell if index != place else "Meadow Classic" for index, cell in enumerate(row)] for row in rows]
    with pytest.raises(FileRefused, match=r"“Plan with (SCAN|Alignment) Health Plan in its cells”"):
        parse(write_text(tmp_path / "a.csv", [header, *nobody]), file_name="scan.csv", as_of=AS_OF)


def test_what_must_never_be_read_is_nowhere(tmp_path: Path) -> None:
    rows = _rows(_open(GOLDEN / "kansas_city_life.csv", _data("kansas_city_life")))
    assert rows and "900-00" not in str(rows) and "90000" not in str(rows) and "SON" not in str(rows)


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("ambetter", {"status_from": {"default": "lively"}}, "'lively', which is no status"),
        ("ambetter", {"status_from": {"default": "active", "file_name": {"Late": "grace"}}}, "that they refine"),
        ("ambetter", {"status_from": {}}, "needs a default or words"),
        ("ambetter", {"status_from": {"file_name": {"Late": "tardy"}}}, "'tardy', which is no status"),
        ("ambetter", {"later_of": ["state"]}, "'state', which is no mapped date"),
        ("ambetter", {"renewal_for": ["Dental"], "columns": {}}, "first and last name"),
        ("ambetter", {"values": {"gender": {"1": "F"}}}, "'gender', which has no column"),
        ("ambetter", {"told_by": {"column": "Plan Name", "pattern": "("}}, "malformed"),
        ("kansas_city_life", {"never_read": ["ZIP"]}, "'ZIP' must never be read"),
        ("kansas_city_life", {"shown_agents": {"Number": "SSN"}}, "'SSN' must never be read"),
        ("humana", {"identity": ["person"]}, "at least member_number and effective_date"),
        ("humana", {"writer": {"says": "The horoscope.", "crosswalk": {"kind": "sign", "column": "Sign"}}}, "'sign'"),
    ],
)
def test_entries_that_contradict_the_rest_are_refused(name: str, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(LayoutError, match=words):
        layout_from(_data(name, **changes), name="mine")


def test_a_social_security_number_is_mapped_by_no_layout() -> None:
    data = _data("humana")
    data["columns"]["member_number"] = "Social Security Number"
    with pytest.raises(LayoutError, match="must never be read"):
        layout_from(data, name="mine")


def test_a_layout_may_say_that_its_file_names_no_agent(tmp_path: Path) -> None:
    rows = _rows(_open(GOLDEN / "devoted.csv", _data("devoted")))
    assert {(row.writer_npn, row.writer_kind, row.writer_value) for row in rows} == {(None, None, None)}
    assert {layout.writer.rule for layout in load_layouts().values() if layout.writer.nobody} == {"nobody"}


def test_the_page_about_layouts_tells_every_entry_and_its_example_loads() -> None:
    page = (Path(__file__).parents[2] / "docs" / "layouts.md").read_text(encoding="utf-8")
    example, *_ = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    assert layout_from(tomllib.loads(example), name="example").carrier == "meadow"
    used = {entry for path in _LAYOUTS.glob("*.toml") for entry in tomllib.loads(path.read_text(encoding="utf-8"))}
    entries = used | {
        "amounts",
        "names",
        "older_rows",
        "orders",
        "values",
        "later_of",
        "told_by",
        "never_read",
        "status_from",
    }
    assert [
        entry for entry in sorted(entries) if not re.search(rf"[\[`.]{entry}\b|^{entry} =", page, re.MULTILINE)
    ] == []
    assert [kind for kind in CROSSWALK_KINDS if kind not in page] == []
