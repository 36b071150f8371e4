"""Files that mean harm: each is refused with a sentence, soon, and without the caller's memory growing.

Every file is handed to a process of its own, as a worker would read it, which says how much memory it has ever had.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from portal.connectors.door import admit
from portal.connectors.rows import FileRefused
from tests.connectors.files import humana, read, write_book, write_text
from tests.connectors.interchange import small
from tests.connectors.test_workbooks import _bomb, _sheet

MB = 1024 * 1024
_ROOT = Path(__file__).parents[2]
_READ = """
import json, resource, sys
from datetime import date
from pathlib import Path
from portal.connectors.parse import parse
from portal.connectors.rows import FileRefused
try:
    parsed = parse(Path(sys.argv[1]), file_name="book", as_of=date(2026, 11, 3), layout_name="humana")
    said = f"read {sum(len(batch.rows) for batch in parsed.batches())}"
except FileRefused as refused:
    said = str(refused)
status = Path("/proc/self/status")  # ru_maxrss would count what the caller had before this program began
if status.exists():
    peak = int(status.read_text().split("VmHWM:")[1].split()[0]) // 1024
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024**2
print(json.dumps([said, peak]))
"""


def outcome(path: Path) -> str:
    """What a worker says of the file; it lived, took less than 30 s of the machine and little memory."""
    began = time.process_time()
    done = subprocess.run(
        [sys.executable, "-c", _READ, str(path)], capture_output=True, check=True, cwd=_ROOT, timeout=110
    )
    said, megabytes = json.loads(done.stdout)
    assert megabytes < 250, f"{megabytes} MB"
    assert time.process_time() - began < 30
    return str(said)


def _repeated(head: bytes, piece: bytes, size: int, tail: bytes = b"") -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with path.open("wb") as file:
            file.write(head)
            block = piece * max(1, MB // len(piece))
            for _ in range(size // len(block)):
                file.write(block)
            file.write(tail)

    return write


def _zipped(member: str, size: int) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        _bomb(path, _sheet('<row r="1"><c r="A1"><v>1</v></c></row>'))
        with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive, archive.open(member, "w") as file:
            for _ in range(size // MB):
                file.write(b"A" * MB)

    return write


def _book(rows: str) -> Callable[[Path], None]:
    return lambda path: void(_bomb(path, _sheet(rows)))


def void(_: object) -> None:
    """Nothing."""


_CELL = '<c r="A{0}"><v>1</v></c>'
_HEAD = b",".join(cell.encode() for cell in humana()[0])
_LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
)


_CORNER = '<row r="1"><c r="A1"/></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
_FAR = f'<row r="1">{_CELL.format(1)}</row><row r="1048576">{_CELL.format(1048576)}</row>'
_EMPTY = "".join(f'<row r="{n}"><c r="A{n}" s="0"/></row>' for n in range(1, 1_000_001))
_WIDE = b"\xff\xfe" + "a,b\n".encode("utf-16-le")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
HOSTILE: dict[str, tuple[Callable[[Path], None], str]] = {
    "a cell in the last corner": (_book(_CORNER), "too large to read safely|500 columns"),
    "a million empty rows between two": (_book(_FAR), "below more than 10,000 empty rows"),
    "a million empty rows": (_book(_EMPTY), "No header"),
    "400 MB of text in a small zip": (_zipped("xl/media/image.xml", 400 * MB), "unpacks to far more"),
    "a line of 150 MB": (_repeated(_HEAD + b"\n", b"a,", 150 * MB), "a line of more than a million"),
    "60 million empty lines": (_repeated(_HEAD + b"\n", b"\n", 60 * MB, b"x,y\n"), "below more than 10,000"),
    "nothing but NULs": (_repeated(_HEAD + b"\n", b"\0", 20 * MB), "NUL"),
    "a cell of ten million lines": (_repeated(_HEAD + b'\n"', b"a\n", 20 * MB), "A cell in row 2 is longer"),
    "a page of 100 MB": (_repeated(b"<html><table>", b"<tr><td>a", 100 * MB), "more than 48 MB"),
    "tables nested without end": (_repeated(b"<html>", b"<table>", 2 * MB), "nests tables"),
    "marks nested without end": (_repeated(b"<html>", b"<div><b>", 2 * MB), "without a table"),
    "a comment without end": (_repeated(b"<html><!--", b"<!-- <", 8 * MB), "without end"),
    "one endless mark": (_repeated(b"<html><table><tr><td ", b"a=b ", 8 * MB), "without end"),
    "references to no letters": (_repeated(b"<table><tr><td>", b"&#xD800;&amp", 4 * MB, b"</table>"), "without end"),
    "one endless segment": (_repeated(small().encode()[:-30], b"X", 30 * MB), "segment of more than"),
    "halves of letters": (_repeated(_WIDE, b"\x00\xd8", 2 * MB), "characters cannot be read"),
    "letters of four bytes": (_repeated(b"\xff\xfe\0\0", b"a\0\0\0", MB), "NUL"),
    "an old workbook of noise": (_repeated(_OLE, b"W\0o\0r\0k\0b\0o\0o\0k\0\0\0", 8 * MB), "damaged"),
}


@pytest.mark.parametrize(("write", "words"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_refused_with_a_sentence(tmp_path: Path, write: Callable[[Path], None], words: str) -> None:
    path = tmp_path / "book.xlsx"
    write(path)
    said = outcome(path)
    assert said.endswith(".") and re.search(words, said), said


def test_a_file_of_two_gigabytes_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "book.csv"
    with path.open("wb") as file:
        file.truncate(2 * 1024**3)
    assert "200 MB" in outcome(path)


def test_a_row_of_a_hundred_thousand_cells_is_one_refused_row(tmp_path: Path) -> None:
    header, row = humana()
    result = read(write_text(tmp_path / "a.csv", [header, ["x"] * 100_000, row]))
    assert (len(result.rows), [refusal.row for refusal in result.refused]) == (1, [2])
    assert "100000 cells" in result.refused[0].reason


@pytest.mark.parametrize("word", ["infinity", "-infinity", "NaN", "99999-01-01", "1/1/99999", "2958466", "0000-00-00"])
def test_days_that_a_database_page_could_not_show_are_refused(tmp_path: Path, word: str) -> None:
    result = read(write_text(tmp_path / "a.csv", humana(Effective_Date=word)))
    assert (result.rows, [refusal.column for refusal in result.refused]) == ([], ["Effective Date"])


@pytest.mark.parametrize("word", ["NaN", "Infinity", "1e999", "9" * 40])
def test_amounts_that_are_none_are_nothing(tmp_path: Path, word: str) -> None:
    header, row = humana()
    [one] = read(write_text(tmp_path / "a.csv", [[*header, "Current Premium"], [*row, word]])).rows
    assert one.premium is None


def test_entities_that_multiply_end_in_a_sentence(tmp_path: Path) -> None:
    cell = '<row r="1"><c r="A1" t="inlineStr"><is><t>&j;</t></is></c></row>'
    path = _bomb(tmp_path / "a.xlsx", _sheet(cell).replace("?>", "?>" + _LAUGHS + "]>", 1))
    assert outcome(path).endswith(".")


def test_the_door_refuses_what_the_reader_refuses(tmp_path: Path) -> None:
    folder = tmp_path / "door"
    folder.mkdir()
    for name in ("a comment without end", "a line of 150 MB", "tables nested without end", "one endless segment"):
        write, _ = HOSTILE[name]
        write(tmp_path / "a.xlsx")
        with pytest.raises(FileRefused):
            admit(tmp_path / "a.xlsx", folder)
    assert [path for path in folder.iterdir() if path.stat().st_size] == []


def test_a_table_with_formatted_rows_below_it_is_read(tmp_path: Path) -> None:
    rows: list[list[str]] = [*humana(), *[[] for _ in range(30_000)]]
    assert len(read(write_text(tmp_path / "a.csv", rows)).rows) == 1
    assert len(read(write_book(tmp_path / "a.xlsx", {"S": [*humana(), *[[""]] * 30_000]})).rows) == 1
