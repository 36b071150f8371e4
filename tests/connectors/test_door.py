"""The door: no social security number passes it, and everything else does as it was."""

from __future__ import annotations

import re
import zipfile
from datetime import date
from pathlib import Path

import pytest

from portal.connectors.door import Admitted, admit
from portal.connectors.parse import parse
from portal.connectors.readers import open_sheets
from portal.connectors.rows import FileRefused
from portal.connectors.social_security import names_numbers
from tests.connectors.files import AS_OF, humana, read, write_book, write_text
from tests.connectors.old_excel import write_xls
from tests.connectors.test_web_pages import page, table

BARE, DASHED = "900610042", "900-61-0042"


def with_number(header: str = "SSN", value: str = BARE, **changes: str) -> list[list[str]]:
    """A Humana file with one more column in its middle."""
    names, row = humana(**changes)
    return [[*names[:4], header, *names[4:]], [*row[:4], value, *row[4:]]]


@pytest.fixture
def passed(tmp_path: Path) -> Path:
    folder = tmp_path / "door"
    folder.mkdir()
    return folder


def text_of(path: Path) -> str:
    """Everything in a file, unpacked."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return "".join(archive.read(name).decode("latin-1") for name in archive.namelist())
    return path.read_bytes().replace(b"\0", b"").decode("latin-1")


def assert_clean(admitted: Admitted, before: Path, header: str = "SSN") -> None:
    """No number is in the file, and it reads as before."""
    assert BARE not in text_of(admitted.path) and DASHED not in text_of(admitted.path)
    assert admitted.notes == [f"The column “{header}” was emptied before the file was kept."]
    one, two = read(before), read(admitted.path)
    assert [row[2:] for row in two.rows] == [row[2:] for row in one.rows] != []
    assert [row.row for row in two.rows] == [row.row for row in one.rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize(("delimiter", "end"), [(",", "\r\n"), (";", "\n"), ("\t", "\r"), ("|", "\r\n")])
def test_text_keeps_its_form_and_loses_the_number(
    tmp_path: Path, passed: Path, encoding: str, delimiter: str, end: str
) -> None:
    rows = with_number(MbrLastName="NUÑEZ", Plan_Name='Two\nlines, "quoted"; a | b')
    path = write_text(tmp_path / "a.csv", rows, encoding=encoding, delimiter=delimiter, end=end)
    admitted = admit(path, passed)
    assert_clean(admitted, path)
    assert admitted.path.read_bytes().replace(b"\0", b"") == path.read_bytes().replace(b"\0", b"").replace(
        BARE.encode(), b""
    )


@pytest.mark.parametrize("value", [BARE, DASHED, "900 61 0042", "0042", "XXX-XX-0042"])
def test_whatever_stands_in_the_column_goes(tmp_path: Path, passed: Path, value: str) -> None:
    admitted = admit(write_text(tmp_path / "a.csv", with_number(value=value)), passed)
    assert "0042" not in text_of(admitted.path).replace("H7000", "")


@pytest.mark.parametrize("kind", ["xlsx", "xls", "page"])
def test_workbooks_and_pages_are_written_anew(tmp_path: Path, passed: Path, kind: str) -> None:
    rows = [["Book of business"], *with_number("Subscriber SSN", MbrLastName="NUÑEZ")]
    pivot = [["Humana ID", "Members"], ["H1", "2"]]
    if kind == "page":
        path = page(tmp_path / "a.xls", table(pivot) + table(rows), encoding="utf-8")
    elif kind == "xlsx":
        path = write_book(tmp_path / "a", {"Pivot": pivot, "Aktive Pläne": rows})
    else:
        path = write_xls(tmp_path / "a", {"Pivot": pivot, "Aktive Pläne": rows})
    admitted = admit(path, passed)
    assert_clean(admitted, path, "Subscriber SSN")
    assert [sheet.name for sheet in open_sheets(admitted.path)] == [sheet.name for sheet in open_sheets(path)]


def test_numbers_and_dates_of_a_rewritten_workbook_read_as_before(tmp_path: Path, passed: Path) -> None:
    header, row = with_number()
    cells: list[object] = [*row]
    cells[4] = int(BARE)
    cells[header.index("Effective Date")], cells[header.index("Birth Date")] = date(2026, 1, 1), 18694
    cells[header.index("NPN")], cells[header.index("Resident Zip Code")] = 17000001, 33602
    assert_clean(admit(path := write_book(tmp_path / "a", {"S": [[], header, cells]}), passed), path)


def test_a_file_without_numbers_passes_byte_for_byte(tmp_path: Path, passed: Path) -> None:
    rows = humana(Plan_Name="Business Session Class No 5", AOR_Name="Martin Messner")
    for path in (
        write_text(tmp_path / "a.csv", rows),
        write_book(tmp_path / "a.xlsx", {"S": rows}),
        write_xls(tmp_path / "a.xls", {"S": rows}),
        page(tmp_path / "b.xls", table(rows)),
    ):
        assert admit(path, passed) == Admitted(path, [])


def test_dashed_numbers_go_wherever_they_stand_but_an_agent_s_tax_id_stays(tmp_path: Path, passed: Path) -> None:
    header, row = humana(Plan_Name=f"Gold (ssn {DASHED})", Medicare_No=f"{DASHED}A", Status="Active Policy")
    path = write_text(tmp_path / "a.csv", [[*header, "Writing TIN"], [*row, "900-61-0043"]])
    admitted = admit(path, passed)
    assert DASHED not in text_of(admitted.path) and "900-61-0043" in text_of(admitted.path)
    assert admitted.notes == [
        "2 cells in other columns had the form of a social security number; it was taken out there too."
    ]
    assert [row.plan_name for row in read(admitted.path).rows] == ["Gold (ssn )"]


def test_a_slipped_row_hides_no_number(tmp_path: Path, passed: Path) -> None:
    header, row = with_number()
    text = text_of(admit(write_text(tmp_path / "a.csv", [header, [*row[:2], "x", *row[2:]], row]), passed).path)
    assert BARE not in text


def test_a_header_below_a_long_cover_is_found(tmp_path: Path, passed: Path) -> None:
    cover = [["As of", "11/03/2026"]] * 60
    assert BARE not in text_of(admit(write_text(tmp_path / "a.csv", [*cover, *with_number()]), passed).path)


def test_what_no_cell_shows_is_left_behind(tmp_path: Path, passed: Path) -> None:
    path = write_book(tmp_path / "a.xlsx", {"S": humana()})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/pivotCache/pivotCacheRecords1.xml", f'<r><s v="SSN"/><n v="{BARE}"/></r>')
        archive.writestr("xl/embeddings/oleObject1.bin", BARE)
    admitted = admit(path, passed)
    assert admitted.path != path and BARE not in text_of(admitted.path)
    assert read(admitted.path)[:3] == read(path)[:3]


def test_a_word_in_letters_of_two_kinds_is_found(tmp_path: Path, passed: Path) -> None:
    path = write_book(tmp_path / "a.tmp", {"S": with_number("S?N")})
    with zipfile.ZipFile(path) as good, zipfile.ZipFile(tmp_path / "a.xlsx", "w") as rich:
        for name in good.namelist():
            text = good.read(name).replace(b"<si><t>S?N</t></si>", b"<si><r><t>S</t></r><r><t>SN</t></r></si>")
            rich.writestr(name, text)
    assert_clean(admit(tmp_path / "a.xlsx", passed), tmp_path / "a.xlsx")


NAMED = """SSN; ssn; Subscriber SSN; SubscriberSSN; MBRSSN; SocSecNo; SOC_SEC_NBR; Social Security Number; SS#; SS No
Last 4 of SSN; ssn_last4; Member TIN; Insured Tax ID; Soc. Sec. #; Owner's SSN"""
OTHERS = """Business Name; BUSINESSNAME; Class Number; Address No; Writing Agent TIN; Payment by Social Security; Status
Social Security Withholding; Session; Mission; Messner; Premium Tax; Success #; Assn Name"""


@pytest.mark.parametrize("header", re.split("; |\n", NAMED))
def test_names_of_columns_that_hold_numbers(header: str, tmp_path: Path, passed: Path) -> None:
    assert names_numbers(header)
    assert BARE not in text_of(admit(write_text(tmp_path / "a.csv", with_number(header)), passed).path)


@pytest.mark.parametrize("header", re.split("; |\n", OTHERS))
def test_names_of_columns_that_do_not(header: str) -> None:
    assert not names_numbers(header)


def test_what_nobody_can_read_does_not_pass(tmp_path: Path, passed: Path) -> None:
    path = tmp_path / "a.csv"
    for content in (b"%PDF-1.7 " + BARE.encode(), b'a,SSN\r\n1,"900610042\r\n' * 81, b"\x81\x8d"):
        path.write_bytes(content)
        with pytest.raises(FileRefused) as refused:
            admit(path, passed)
        assert BARE not in str(refused.value)


def test_the_door_knows_nothing_of_the_layout(tmp_path: Path, passed: Path) -> None:
    path = write_text(tmp_path / "a.csv", [["Who", "SSN", "Plan"], ["Ruth", BARE, "Gold"]])
    assert BARE not in text_of(admit(path, passed).path)
    with pytest.raises(FileRefused, match="no known layout"):
        parse(path, file_name="a.csv", as_of=AS_OF)
