"""Web pages called .xls: real shapes of portals' exports, and pages that must be refused."""

from __future__ import annotations

from html import escape
from pathlib import Path

import pytest

from portal.connectors.readers import open_sheets
from portal.connectors.rows import FileRefused
from tests.connectors.files import humana, read


def table(rows: list[list[str]], head: str = "td") -> str:
    """The rows as a table, as portals write it."""
    lines = [
        "<tr>" + "".join(f"<{head if not number else 'td'}>{escape(cell)}" for cell in row) + "</tr>"
        for number, row in enumerate(rows)
    ]
    return "<TABLE border=1>" + "\n".join(lines) + "</TABLE>"


def page(path: Path, body: str, *, encoding: str = "iso-8859-1", head: str = "") -> Path:
    """A page with `body`."""
    path.write_bytes(f"<html><head>{head}</head><body>{body}</body></html>".encode(encoding))
    return path


def cells(path: Path) -> list[list[list[str]]]:
    """Every table's cells."""
    return [[row for _, row in sheet.rows()] for sheet in open_sheets(path)]


@pytest.mark.parametrize("encoding", ["iso-8859-1", "cp1252", "utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("declared", ["", "<meta charset=iso-8859-1>"])
def test_a_page_gives_the_same_row_in_every_encoding(tmp_path: Path, encoding: str, declared: str) -> None:
    rows = humana(MbrLastName="NUÑEZ", Plan_Name="A & B <Plus>")
    path = page(tmp_path / "book.xls", table(rows, "th"), encoding=encoding, head=declared)
    result = read(path)
    assert [(row.sheet, row.row, row.last_name, row.plan_name) for row in result.rows] == [
        ("", 2, "Nuñez", "A & B <Plus>")
    ]
    guessed = not declared and encoding in ("iso-8859-1", "cp1252")
    assert any("Windows-1252" in note for note in result.notes) == guessed


def test_what_stands_before_the_table_hides_nothing(tmp_path: Path) -> None:
    path = tmp_path / "book.xls"
    for start in ("\n\n", "<!-- made by a portal -->", '<?xml version="1.0"?><!DOCTYPE html>', "<style>td {}</style>"):
        path.write_text(start + table(humana()))
        assert len(read(path).rows) == 1


def test_a_table_inside_a_layout_table_is_a_sheet_of_its_own(tmp_path: Path) -> None:
    layout = f"<table><tr><td>Book of business<td><td>{table(humana())}</td></tr><tr><td>End</td></tr></table>"
    path = page(tmp_path / "book.xls", layout + table([["Humana ID", "Members"], ["H1", "2"]]))
    sheets = open_sheets(path)
    assert [sheet.name for sheet in sheets] == ["Table 1", "Table 2", "Table 3"]
    result = read(path)
    assert [(row.sheet, row.row) for row in result.rows] == [("Table 2", 2)]
    assert any("Table 3" in note for note in result.notes)


def test_an_empty_layout_around_one_table_is_no_sheet(tmp_path: Path) -> None:
    path = page(tmp_path / "a.xls", f"<table><tr><td>&nbsp;</td><td>{table([['a']])}</td></tr></table>")
    assert [(sheet.name, sheet.head) for sheet in open_sheets(path)] == [("", [(1, ["a"])])]


def test_wide_and_tall_cells_keep_every_cell_under_its_header(tmp_path: Path) -> None:
    body = (
        "<table><tr><th colspan=3>Title</th></tr><tr><td>a<td>b<td>c</tr>"
        "<tr><td rowspan=2>Tall<td>1<td>2</tr><tr><td>3<td>4</tr><tr><td colspan='2'>x<td>y</tr></table>"
    )
    assert cells(page(tmp_path / "a.xls", body)) == [
        [["Title", "", ""], ["a", "b", "c"], ["Tall", "1", "2"], ["Tall", "3", "4"], ["x", "", "y"]]
    ]


def test_text_of_cells_is_as_a_person_sees_it(tmp_path: Path) -> None:
    body = "<table><tr><td> two<br>lines </td><td>a&nbsp;b &#169; <b>bo</b>ld</td><td><script>1<2</script></td></table>"
    assert cells(page(tmp_path / "a.xls", body)) == [[["two lines", "a b © bold", ""]]]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("<p>Your session has ended.</p>", "without a table"),
        ("<table><tr><td></td></tr></table>", "without a table"),
        ("<table>" * 30, "nests tables"),
        ("<table><tr><td>a", "cut off"),
        ("<table><tr>" + "<td>a" * 501 + "</table>", "500 columns"),
        ("<table><tr><td colspan=99999999>a</table>", "500 columns"),
        ("<table><tr><td rowspan=999999 colspan=400>a" + "<tr><td>b<td rowspan=9 colspan=400>" * 3 + "</table>", "500"),
    ],
)
def test_pages_that_are_no_book_are_refused_with_a_sentence(tmp_path: Path, body: str, words: str) -> None:
    with pytest.raises(FileRefused, match=words):
        open_sheets(page(tmp_path / "a.xls", body))


def test_a_page_beyond_measure_is_refused_unread(tmp_path: Path) -> None:
    path = page(tmp_path / "a.xls", table(humana()))
    with path.open("r+b") as file:
        file.truncate(90 * 1024 * 1024)
    with pytest.raises(FileRefused, match="48 MB"):
        open_sheets(path)
