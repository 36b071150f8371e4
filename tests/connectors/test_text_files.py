"""Delimited text in every form in which carriers and spreadsheets write it, and what must be refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.connectors.readers import MAX_BYTES, open_sheets
from portal.connectors.rows import FileRefused
from tests.connectors.files import humana, read, write_text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_every_encoding_delimiter_and_line_end_gives_the_same_row(
    tmp_path: Path, encoding: str, delimiter: str, end: str
) -> None:
    rows = humana(MbrLastName="NUÑEZ, JR", Plan_Name='Plan "One"; two | three')
    path = write_text(tmp_path / "book.dat", rows, encoding=encoding, delimiter=delimiter, end=end)
    result = read(path)
    [row] = result.rows
    assert (row.row, row.last_name, row.suffix, row.plan_name) == (2, "Nuñez", "Jr", 'Plan "One"; two | three')
    assert (row.birth_date and row.birth_date.isoformat(), row.writer_npn) == ("1951-03-07", "17000001")
    assert any("Windows-1252" in note for note in result.notes) == (encoding == "cp1252")


def test_rows_are_counted_as_a_spreadsheet_counts_them(tmp_path: Path) -> None:
    header, row = humana(Plan_Name="two\nlines")
    result = read(write_text(tmp_path / "book.csv", [[], ["Book"], header, row, [], row]))
    assert [row.row for row in result.rows] == [4, 6]
    assert [dropped.row for dropped in result.dropped] == [5]
    assert result.rows[0].plan_name == "two lines"


def test_the_file_name_decides_nothing_about_the_reader(tmp_path: Path) -> None:
    assert len(read(write_text(tmp_path / "book.xlsx", humana())).rows) == 1


def test_a_spreadsheet_hint_line_names_the_delimiter(tmp_path: Path) -> None:
    path = write_text(tmp_path / "book.csv", humana(), delimiter=";")
    path.write_text("sep=;\r\n" + path.read_text())
    assert [row.row for row in read(path).rows] == [3]


@pytest.mark.parametrize("hint", ["sep=;", '"sep=;"', "SEP=;"])
def test_every_form_of_the_hint_line_is_understood(tmp_path: Path, hint: str) -> None:
    path = write_text(tmp_path / "book.csv", humana(Plan_Name="a,b,c,d"), delimiter=";", encoding="utf-16")
    path.write_text(f"{hint}\n" + path.read_text("utf-16"), "utf-16")
    assert [row.plan_name for row in read(path).rows] == ["a,b,c,d"]


@pytest.mark.parametrize("delimiter", ["\t", "^", "~"])
def test_a_hint_line_may_name_what_nobody_would_guess(tmp_path: Path, delimiter: str) -> None:
    path = write_text(tmp_path / "book.csv", humana(), delimiter=delimiter)
    path.write_text(f"sep={delimiter}\r\n" + path.read_text())
    assert len(read(path).rows) == 1


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_preamble_of_sentences_does_not_decide_the_delimiter(tmp_path: Path, delimiter: str) -> None:
    others = "".join({",", ";", "\t", "|"} - {delimiter})
    preamble = f"Book, of; business | of the agency{others}as of, November; 3 | 2026\r\n" * 25
    path = write_text(tmp_path / "book.csv", humana(Plan_Name='Lines\r\n"and" more; a,b'), delimiter=delimiter)
    path.write_bytes(preamble.encode() + path.read_bytes())
    assert [(row.row, row.plan_name) for row in read(path).rows] == [(27, 'Lines "and" more; a,b')]


def test_commas_inside_every_row_do_not_decide_the_delimiter(tmp_path: Path) -> None:
    header, row = humana(Plan_Name="a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s")
    text = "\n".join([";".join(header), *[";".join(row)] * 60])
    path = tmp_path / "book.csv"
    path.write_text(text)
    assert len(read(path).rows) == 60


def test_excel_unicode_text_is_read(tmp_path: Path) -> None:
    path = write_text(tmp_path / "book.txt", humana(MbrLastName="NUÑEZ"), encoding="utf-16", delimiter="\t")
    assert path.read_bytes()[:2] in (b"\xff\xfe", b"\xfe\xff")
    assert [row.last_name for row in read(path).rows] == ["Nuñez"]


def test_the_end_mark_of_old_systems_is_no_row(tmp_path: Path) -> None:
    path = write_text(tmp_path / "book.csv", humana())
    path.write_bytes(path.read_bytes() + b"\x1a")
    result = read(path)
    assert (len(result.rows), result.refused, result.dropped) == (1, [], [])


def test_a_cell_and_a_line_beyond_measure_are_refused_with_their_reason(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="A cell in row 2 is longer"):
        read(write_text(tmp_path / "a.csv", humana(Plan_Name="x" * 200_000)))
    path = tmp_path / "b.csv"
    path.write_bytes(b"a," * 600_000)
    with pytest.raises(FileRefused, match="a line of more than a million"):
        read(path)
    path.write_bytes(b"\n" + b"a" * 900_000 + b"\r\n" + b"b" * 1_000_000 + b"\n")
    with pytest.raises(FileRefused, match="A cell in row 2"):
        read(path)


def test_a_quotation_mark_that_is_never_closed_refuses_the_file_and_names_the_row(tmp_path: Path) -> None:
    path = write_text(tmp_path / "book.csv", humana())
    good = path.read_text()
    path.write_text(
        good + good.splitlines()[1].rpartition(",")[0] + ',"1500001\r\n' + "\r\n".join(good.splitlines()[1:])
    )
    with pytest.raises(FileRefused, match="row 3"):
        read(path)


def test_a_row_with_shifted_cells_is_refused_and_not_attributed(tmp_path: Path) -> None:
    header, row = humana()
    result = read(write_text(tmp_path / "book.csv", [header, [*row[:3], "stray", *row[3:]], row[:-2], [*row, "", ""]]))
    assert [(refusal.row, refusal.column) for refusal in result.refused] == [(2, None), (3, None)]
    assert [row.row for row in result.rows] == [4]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"MZ\x90\x00\x03\x00\x00\x00" + bytes(range(256)) * 8, "program"),
        (b"\x7fELF\x02\x01\x01" + b"\0" * 400, "program"),
        (b"%PDF-1.7\n" + b"x" * 100, "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "not an Excel workbook"),
        (b"\x1f\x8b\x08\x00" + b"x" * 50, "compressed"),
        (b"\xef\xbb\xbf\n<html><table><tr><td>First Name", "cut off"),
        (b"<!-- x --> <!DOCTYPE html><html><p>Sign in</p></html>", "without a table"),
        (b'<?xml version="1.0"?><Workbook/>', "XML"),
        (b"#!/bin/sh\nrm -rf /\n", "program"),
        (b"{\\rtf1 Dear Sir}", "letter"),
        (b"PK\x03\x04 not an archive", "damaged"),
        (b"a,b\r\n1,\x00\r\n", "NUL"),
        (b"a,b\r\n" + b"\x81\x8d\x8f\x90\x9d,1\r\n", "characters cannot be read"),
        (b"\xff\xfea\x00,", "characters cannot be read"),
        (b"one line without any table\r\n", "No header"),
        (b"\r\n\r\n\r\n", "No header"),
    ],
)
def test_what_is_no_table_is_refused_with_a_sentence(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "book.csv"
    path.write_bytes(content)
    with pytest.raises(FileRefused, match=words) as refused:
        read(path)
    assert str(refused.value).endswith(".")


def test_a_file_beyond_the_limit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "book.csv"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(FileRefused, match="200 MB"):
        open_sheets(path)


def test_a_wrong_byte_in_the_last_row_is_found_before_the_first_is_given(tmp_path: Path) -> None:
    path = write_text(tmp_path / "book.csv", humana() + [humana()[1]] * 3000)
    with path.open("ab") as file:
        file.write(b"\xe9tude,\x81")
    with pytest.raises(FileRefused):
        open_sheets(path)
