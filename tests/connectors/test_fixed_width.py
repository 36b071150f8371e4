"""Fixed-width files: what the trailer says must agree with the file, or nothing of it is read."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from portal.connectors.door import admit
from portal.connectors.layouts import LayoutError, layout_bodies, layout_from
from portal.connectors.parse import parse
from portal.connectors.readers import open_sheets
from portal.connectors.rows import FileRefused
from tests.connectors.files import AS_OF, GOLDEN, read

LINES = (GOLDEN / "lakemont.txt").read_text().splitlines()
Change = Callable[[list[str]], list[str]]


def written(path: Path, lines: list[str], *, end: str = "\r\n", encoding: str = "utf-8") -> Path:
    """A file of the lines."""
    path.write_bytes((end.join(lines) + end).encode(encoding))
    return path


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_any_line_end_and_encoding_is_the_same_file(tmp_path: Path, end: str, encoding: str) -> None:
    lines = [line.replace("STONE ", "ZUÑIG ") for line in LINES]
    result = read(written(tmp_path / "a.txt", lines, end=end, encoding=encoding))
    assert [row[2:] for row in result.rows] == [row[2:] for row in read(GOLDEN / "lakemont.txt").rows]


def test_the_header_row_is_made_of_the_declared_names_and_lines_keep_their_numbers(tmp_path: Path) -> None:
    [sheet] = open_sheets(written(tmp_path / "a.dat", ["", *LINES, "\x1a"]))
    assert [number for number, _ in sheet.rows()] == list(range(2, 2 + len(LINES) - 1))
    assert sheet.head[0][1][:3] == ["Policy Number", "Insured Last Name", "Insured First Name"]
    assert sheet.head[1][1][0] == "LM00410021" and sheet.head[1][1][15] == "142.50"


def test_the_day_of_the_file_is_the_header_s(tmp_path: Path) -> None:
    parsed = parse(GOLDEN / "lakemont.txt", file_name="lakemont_20200101.txt", as_of=AS_OF)
    assert parsed.as_of == date(2026, 11, 2)
    later = written(tmp_path / "a.txt", [LINES[0].replace("20261102", "20991102"), *LINES[1:]])
    assert parse(later, file_name="a.txt", as_of=AS_OF).as_of == AS_OF
    broken = written(tmp_path / "b.txt", [LINES[0].replace("20261102", "20261399"), *LINES[1:]])
    assert parse(broken, file_name="b_20261101.txt", as_of=AS_OF).as_of == date(2026, 11, 1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda lines: lines[:-1], "no trailer record"),
        (lambda lines: lines[:4], "no trailer record"),
        (lambda lines: [*lines[:3], *lines[4:]], "says 7 records, and the file has 6"),
        (lambda lines: [*lines[:3], lines[2], *lines[3:]], "says 7 records, and the file has 8"),
        (lambda lines: [*lines[:-1], lines[-1][:12]], "adds up to 0, and it adds up to 672.99"),
        (lambda lines: [*lines[:-1], lines[-1][:-1] + "8"], "adds up to 672.98, and it adds up to 672.99"),
        (lambda lines: [*lines[:-1], "TRL       x"], "does not say how many"),
        (lambda lines: [*lines, lines[1]], "Line 10 stands behind the trailer"),
        (lambda lines: [lines[0], *lines], "Line 2 is a second header"),
        (lambda lines: [lines[0], "XYZ", *lines[1:]], "Line 2 begins like none"),
        (lambda lines: [lines[0], lines[1].replace("000014250", "0000142x0"), *lines[2:]], "line 2 is no amount"),
        (lambda lines: [lines[0], lines[1].replace("000014250", "NaN      "), *lines[2:]], "line 2 is no amount"),
    ],
)
def test_control_totals_that_do_not_agree_refuse_the_whole_file(tmp_path: Path, change: Change, words: str) -> None:
    with pytest.raises(FileRefused, match=words):
        read(written(tmp_path / "a.txt", change(list(LINES))))


def test_no_social_security_number_passes_the_door(tmp_path: Path) -> None:
    lines = [line[:55] + "900610042" + line[64:] if line.startswith("D") else line for line in LINES]
    lines[1] = lines[1][:64] + "900-61-0043".ljust(25) + lines[1][89:]
    folder = tmp_path / "door"
    folder.mkdir()
    path = written(tmp_path / "a.txt", lines)
    admitted = admit(path, folder)
    text = admitted.path.read_text()
    assert "900610042" not in text and "900-61" not in text and len(text) == len(path.read_text())
    assert admitted.notes[0] == "The column “SSN” was emptied before the file was kept."
    assert [row[2:] for row in read(admitted.path).rows][1:] == [row[2:] for row in read(path).rows][1:]
    assert admit(GOLDEN / "lakemont.txt", folder).path == GOLDEN / "lakemont.txt"


def _changed(change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    data = copy.deepcopy(layout_bodies()["lakemont"])
    change(data["fixed_width"])
    return data


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: data["header"].update(record="H"), "told apart"),
        (lambda data: data["detail"].update(record="T"), "told apart"),
        (lambda data: data["detail"]["fields"].pop(0), "no field of fixed_width"),
        (lambda data: data["detail"]["fields"].append(data["detail"]["fields"][0]), "two fields of one name"),
        (lambda data: data["trailer"]["sums"][0].update(field="Fee"), "sums 'Fee'"),
        (lambda data: data["trailer"].pop("rows"), "malformed"),
        (lambda data: data["trailer"]["rows"].update(start=0), "outside of the line"),
        (lambda data: data.update(colour="green"), "unknown entry 'colour'"),
    ],
)
def test_a_declaration_that_contradicts_itself_is_refused(change: Callable[[dict[str, Any]], None], words: str) -> None:
    with pytest.raises(LayoutError, match=words):
        layout_from(_changed(change), name="lakemont")


def test_the_layout_is_one_declarative_file() -> None:
    text = (Path(__file__).parents[2] / "portal/connectors/layouts/lakemont.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text) == layout_bodies()["lakemont"]
