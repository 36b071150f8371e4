"""Workbooks: real ones in all their shapes, and hostile ones, which must end the child and never the caller."""

from __future__ import annotations

import subprocess
import zipfile
from datetime import date
from pathlib import Path

import pytest

from portal.connectors.readers import apart, open_sheets
from portal.connectors.rows import FileRefused
from tests.connectors.files import humana, read, write_book
from tests.connectors.old_excel import write_letter, write_protected_xlsx, write_xls

_SHEET = "xl/worksheets/sheet1.xml"


def test_numbers_and_dates_of_cells_become_the_text_a_person_sees(tmp_path: Path) -> None:
    cells: list[object] = [33602, 12.5, date(2026, 1, 1), True, "007", 2**60, None, "x"]
    [sheet] = open_sheets(write_book(tmp_path / "a.xlsx", {"S": [cells]}))
    assert sheet.head == [(1, ["33602", "12.5", "2026-01-01", "TRUE", "007", "1.152921504606847e+18", "", "x"])]


def test_rows_keep_their_numbers_over_empty_rows_and_many_sheets_at_once(tmp_path: Path) -> None:
    path = write_book(tmp_path / "a.xlsx", {"First": [[], [], ["a"], [], ["b"]], "Empty": [], "Last": [["c"]]})
    first, empty, last = open_sheets(path)
    one, two = first.rows(), last.rows()
    seen = [next(one), next(one), next(two), next(one)]
    assert seen == [(1, [""]), (2, [""]), (1, ["c"]), (3, ["a"])]
    assert list(empty.rows()) == [] == empty.head
    assert [number for number, _ in first.rows()] == [1, 2, 3, 4, 5]


def test_the_right_sheet_is_found_behind_a_summary_and_several_are_all_read(tmp_path: Path) -> None:
    pivot = [["Humana ID", "Status"], ["H1", "Active Policy"]]
    ended = humana(Humana_ID="H2", Status="Inactive Policy")
    path = write_book(tmp_path / "a.xlsx", {"Pivot": pivot, "Active": humana(), "Inactive": [["x"], *ended]})
    result = read(path)
    assert [(row.sheet, row.row, row.status) for row in result.rows] == [
        ("Active", 2, "active"),
        ("Inactive", 3, "terminated"),
    ]
    assert any("Pivot" in note for note in result.notes)


def test_date_cells_and_serial_numbers_are_the_same_day(tmp_path: Path) -> None:
    header, row = humana()
    effective, birth = header.index("Effective Date"), header.index("Birth Date")
    with_date: list[object] = [*row]
    with_date[effective], with_date[birth] = date(2026, 1, 1), date(1951, 3, 7)
    with_serial: list[object] = [*row]
    with_serial[effective], with_serial[birth] = 46023, 18694
    result = read(write_book(tmp_path / "a.xlsx", {"S": [header, with_date, with_serial, row]}))
    assert len({row.content_hash for row in result.rows}) == 1


def _bomb(path: Path, sheet: str) -> Path:
    write_book(path.with_suffix(".tmp"), {"S": [["a"]]})
    with zipfile.ZipFile(path.with_suffix(".tmp")) as good, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bad:
        for name in good.namelist():
            bad.writestr(name, sheet if name == _SHEET else good.read(name))
    return path


def _sheet(rows: str) -> str:
    return (
        '<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f"<sheetData>{rows}</sheetData></worksheet>"
    )


def test_one_cell_in_the_last_corner_kills_only_the_child(tmp_path: Path) -> None:
    far = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    with pytest.raises(FileRefused, match=r"too large to read safely|500 columns"):
        open_sheets(_bomb(tmp_path / "a.xlsx", _sheet(far)))


def test_a_sheet_with_thousands_of_columns_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="500 columns"):
        open_sheets(_bomb(tmp_path / "a.xlsx", _sheet('<row r="1"><c r="ZZZ1"><v>1</v></c></row>')))


def test_an_archive_that_unpacks_to_far_too_much_is_refused_unopened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("the child was started"))
    text = _sheet('<row r="1"><c r="A1" t="inlineStr"><is><t>' + "A" * 30_000_000 + "</t></is></c></row>")
    with pytest.raises(FileRefused, match="unpacks to far more"):
        open_sheets(_bomb(tmp_path / "a.xlsx", text))


def test_entities_are_not_expanded(tmp_path: Path) -> None:
    laughs = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/hostname">]>'
    sheet = _sheet('<row r="1"><c r="A1" t="inlineStr"><is><t>&b;&f;</t></is></c></row>')
    path = _bomb(tmp_path / "a.xlsx", sheet.replace("?>", "?>" + laughs, 1))
    try:
        heads = [sheet.head for sheet in open_sheets(path)]
    except FileRefused:
        return
    assert "haha" not in str(heads) and Path("/etc/hostname").read_text().strip() not in str(heads)


def test_another_archive_and_too_many_members_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("letter.txt", "hello")
    with pytest.raises(FileRefused, match="not an Excel workbook"):
        open_sheets(path)
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(2001):
            archive.writestr(f"xl/{number}.xml", "")
    with pytest.raises(FileRefused, match="far more"):
        open_sheets(path)


def test_a_child_that_runs_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "_WALL_SECONDS", 0.001)
    with pytest.raises(FileRefused, match="too large to read safely"):
        open_sheets(write_book(tmp_path / "a.xlsx", {"S": [["a"]]}))


def test_damage_inside_a_workbook_is_a_sentence(tmp_path: Path) -> None:
    path = write_book(tmp_path / "a.xlsx", {"S": humana()})
    content = bytearray(path.read_bytes())
    content[200:400] = b"\xaa" * 200
    path.write_bytes(content)
    with pytest.raises(FileRefused, match="damaged"):
        open_sheets(path)


def test_an_old_workbook_is_read_whatever_it_is_called(tmp_path: Path) -> None:
    header, row = humana(MbrLastName="NUÑEZ")
    effective, birth = header.index("Effective Date"), header.index("Birth Date")
    with_cells: list[object] = [*row]
    with_cells[effective], with_cells[birth] = date(2026, 1, 1), 18694
    pivot: list[list[object]] = [["Humana ID", "Members"], ["H1", 2]]
    book: list[list[object]] = [["Book"], [], [*header], [*row], with_cells]
    for name in ("book.xls", "book.xlsx", "book"):
        path = write_xls(tmp_path / name, {"Pivot": pivot, "Activos": book})
        result = read(path)
        assert [(row.sheet, row.row, row.last_name) for row in result.rows] == [("Activos", n, "Nuñez") for n in (4, 5)]
        assert len({row.content_hash for row in result.rows}) == 1
        assert any("Pivot" in note for note in result.notes)


def test_a_password_is_named_and_another_program_s_document_too(tmp_path: Path) -> None:
    locked = write_xls(tmp_path / "locked.xls", {"S": [["a"]]}, locked=True)
    for path in (locked, write_protected_xlsx(tmp_path / "book.xlsx")):
        with pytest.raises(FileRefused, match="protected by a password"):
            open_sheets(path)
    with pytest.raises(FileRefused, match="not an Excel workbook"):
        open_sheets(write_letter(tmp_path / "letter.xls"))


def test_an_old_workbook_that_was_cut_off_is_a_sentence(tmp_path: Path) -> None:
    path = write_xls(tmp_path / "a.xls", {"S": humana() * 300})
    path.write_bytes(path.read_bytes()[:9000])
    with pytest.raises(FileRefused, match="damaged"):
        open_sheets(path)


def test_a_header_under_thirty_lines_of_preamble_is_found(tmp_path: Path) -> None:
    preamble = [[f"Line {number} of the cover"] for number in range(30)]
    assert [row.row for row in read(write_book(tmp_path / "a.xlsx", {"S": [*preamble, *humana()]})).rows] == [32]


@pytest.mark.parametrize("name", ["../../etc/cron.d/job", "/etc/passwd", "..\\..\\a.dll", "C:evil.xml"])
def test_an_archive_that_points_outside_is_refused(tmp_path: Path, name: str) -> None:
    path = write_book(tmp_path / "a.xlsx", {"S": humana()})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, "x")
    with pytest.raises(FileRefused, match="outside of itself"):
        open_sheets(path)


@pytest.mark.parametrize(
    ("member", "words"), [("xl/workbook.bin", "xlsb"), ("content.xml", "OpenDocument"), ("book.zip", "archive")]
)
def test_other_archives_are_named(tmp_path: Path, member: str, words: str) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, b"PK\x03\x04")
    with pytest.raises(FileRefused, match=words):
        open_sheets(path)
