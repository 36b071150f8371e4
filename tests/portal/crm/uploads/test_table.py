"""Files as people send them, and files that mean harm."""

from __future__ import annotations

import io
import zipfile

import pytest
import xlsxwriter  # type: ignore[import-untyped]  # it ships none

from portal.connectors.rows import FileRefused
from portal.core.ids import new_id
from portal.crm.uploads import table


def workbook(rows: list[list[str]], *, further: bool = False) -> bytes:
    """A workbook of one sheet, or with a second one."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        for name in ("Clients", "Old")[: 1 + further]:
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return file.getvalue()


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimited_text_in_any_encoding(codec: str, delimiter: str) -> None:
    text = f"First Name{delimiter}Last Name\r\nJosé{delimiter}Núñez\r\n"
    read = table.read_table(text.encode(codec))
    assert (read.header, read.rows) == (["First Name", "Last Name"], [(2, ["José", "Núñez"])])


def test_a_header_below_a_title_is_found_and_blank_rows_keep_the_numbers() -> None:
    read = table.read_table(b"Clients of Rosa\n\nFirst Name,Last Name\n,\nDana,Ash\n")
    assert (read.header, read.rows) == (["First Name", "Last Name"], [(5, ["Dana", "Ash"])])


def test_a_workbook_is_read_and_a_second_sheet_told() -> None:
    read = table.read_table(workbook([["First Name", "Last Name"], ["Dana", "Ash"]], further=True))
    assert read.rows == [(2, ["Dana", "Ash"])] and "“Old”" in read.notes[0]


def test_what_is_kept_is_ciphertext_of_this_fmo() -> None:
    read, fmo = table.read_table(b"First Name,Last Name\nDana,Ashworth\n"), new_id()
    stored = table.pack(read, fmo)
    assert "Ashworth" not in stored and table.unpack(stored, fmo) == read
    with pytest.raises(Exception, match="does not belong"):
        table.unpack(stored, new_id())


def bomb() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<x/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"\0" * (table._MAX_UNPACKED + 1))
    return file.getvalue()


HOSTILE = {
    "nothing": (b"", "Choose a file"),
    "too large": (b"a,b\n" * (table.MAX_BYTES // 4 + 1), "larger than 10 MB"),
    "too many rows": (b"First Name\n" + b"x\n" * (table.MAX_ROWS + 1), "more than 10,000 rows"),
    "too many columns": (b",".join([b"x"] * 300) + b"\ny\n", "more than 200 columns"),
    "a program": (b"MZ\x90\x00" + b"\0" * 100, "a program"),
    "a picture": (b"\x89PNG" + b"\0" * 100, "a picture"),
    "a web page": (b"<!doctype html><script>alert(1)</script>", "a web page"),
    "nul characters": (b"First Name,Last Name\nDa\0na,Ash\n", "NUL"),
    "an open quotation mark": (b'First Name,Last Name\n"Dana,Ash\nBo,Lee\n', "quotation mark"),
    "a damaged workbook": (b"PK\x03\x04" + b"\0" * 200, "damaged"),
    "an archive": (None, "not an Excel workbook"),
    "a bomb": (None, "far more than a list"),
    "only a header": (b"First Name,Last Name\n", "nothing below"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_and_hopeless_files_are_refused_with_a_sentence(name: str) -> None:
    data, says = HOSTILE[name]
    if name == "an archive":
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("contacts.csv", "a,b")
        data = file.getvalue()
    if name == "a bomb":
        data = bomb()
    with pytest.raises(FileRefused, match=says):
        table.read_table(data or b"")


def test_the_largest_file_that_is_taken() -> None:
    read = table.read_table(b"First Name\n" + b"x\n" * table.MAX_ROWS)
    assert len(read.rows) == table.MAX_ROWS


def test_a_file_without_column_names_shows_nobody_as_one() -> None:
    read = table.read_table(b"Dana,Whitfield,03/12/1950,1EG4-TE5-MK73\nRay,Vance,01/02/1951,\n")
    assert read.header == ["Column 1", "Column 2", "Column 3", "Column 4"]
    assert [cells[0] for _, cells in read.rows] == ["Dana", "Ray"] and "no row with the names" in read.notes[0]


def test_no_text_holds_a_control_character() -> None:
    read = table.read_table(workbook([["First", "Last", "Notes"], ["Dana", "Whitfield", "a\x00b\x07c"]]))
    assert read.rows[0][1] == ["Dana", "Whitfield", "abc"]


def test_social_security_numbers_are_not_taken_in() -> None:
    read = table.read_table(b"First Name,Last Name,SSN,Notes\nDana,Ash,900610042,her number is 900-61-0042\n")
    assert read.rows == [(2, ["Dana", "Ash", "", "her number is"])]
    assert "The column “SSN” was emptied before the file was kept." in read.notes
