"""Values that people have decided about: words of a column for every row, what is a person's for the same row only."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from portal.connectors.aliases import Aliases, Put, Word, as_word, decided_status, identifying, mark
from portal.connectors.parse import ParsedFile, parse
from portal.connectors.rows import PolicyRow, Refusal
from tests.connectors.files import AS_OF
from tests.portal.book.rows import AETNA, aetna, person

STATUS = ("memberstatus", 1)
BORN = ("dateofbirth", 1)


def _parsed(path: Path, *rows: dict[str, str], aliases: Aliases | None = None) -> ParsedFile:
    path.write_bytes(aetna(*rows))
    return parse(path, file_name="book.csv", as_of=AS_OF, aliases=lambda layout: aliases)


def _read(file: ParsedFile) -> tuple[list[PolicyRow], list[Refusal], list[list[str]]]:
    batches = list(file.batches())
    rows = [row for batch in batches for row in batch.rows]
    refused = [one for batch in batches for one in batch.refused]
    return rows, refused, [cells for batch in batches for cells in batch.refused_cells]


def _gone(status: str = "terminated") -> Aliases:
    word = Word(decided_status(status, "Gone"), "“Gone” as Terminated")
    return Aliases(words={STATUS: {as_word("GONE"): word}})


def test_a_refused_row_comes_with_its_cells(tmp_path: Path) -> None:
    """As the file has them, one for each refusal, whatever was wrong."""
    _, refused, cells = _read(_parsed(tmp_path / "a", {}, {"Member Status": "Gone"}, {"Date of Birth": "31/31/1950"}))
    assert [one.column for one in refused] == ["Member Status", "Date of Birth"]
    assert [list(AETNA.values())[:4]] * 2 == [row[:4] for row in cells]
    assert [len(row) for row in cells] == [len(AETNA)] * 2


def test_a_decided_word_is_read_and_told(tmp_path: Path) -> None:
    """In any case and spacing; the carrier's own word stays beside the status."""
    file = _parsed(tmp_path / "a", {"Member Status": " gone "}, person(3, **{"Member Status": "GONE"}), aliases=_gone())
    rows, refused, _ = _read(file)
    assert [(row.status, row.status_raw) for row in rows] == [("terminated", "Gone")] * 2 and not refused
    assert "2 values were read as decided by hand: “Gone” as Terminated." in file.notes


def test_another_word_and_another_column_are_left(tmp_path: Path) -> None:
    """Nothing is guessed from what was decided about something else."""
    rows, refused, _ = _read(_parsed(tmp_path / "a", {"Plan Name": "Gone"}, {"Member Status": "G"}, aliases=_gone()))
    assert rows[0].plan_name == "Gone" and refused[0].column == "Member Status"


def _born(path: Path, row: dict[str, str]) -> Aliases:
    found = _parsed(path, row).detection
    text = identifying(found.layout, found.positions, list((AETNA | row).values()))
    return Aliases(rows={text[::-1]: {BORN: Put(row["Date of Birth"], "05/17/1950")}},
                   marks=frozenset([mark(text)]), seal=lambda plain: plain[::-1])  # fmt: skip


def test_what_is_a_persons_is_put_right_in_that_row_alone(tmp_path: Path) -> None:
    """The same row again, not another person with the same mistake, and not once the carrier writes something else."""
    wrong = {"Date of Birth": "31/31/1950"}
    aliases = _born(tmp_path / "a", wrong)
    file = _parsed(tmp_path / "a", wrong, person(3, **wrong), aliases=aliases)
    rows, refused, _ = _read(file)
    assert [str(row.birth_date) for row in rows] == ["1950-05-17"] and len(refused) == 1
    assert "1 row was read with values that somebody has put right by hand." in file.notes
    rows, refused, _ = _read(_parsed(tmp_path / "a", {"Date of Birth": "32/31/1950"}, aliases=aliases))
    assert not rows and refused


@pytest.mark.parametrize("cell", ["=cmd|' /C calc'!A0", "<script>alert(1)</script>", "x" * 10_000, "active\x1f\x00"])
def test_hostile_cells_are_refused_as_they_are(tmp_path: Path, cell: str) -> None:
    """Nothing in a cell is taken for a decision that nobody made."""
    path = tmp_path / "a"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(AETNA))
        writer.writeheader()
        writer.writerow(AETNA | {"Member Status": cell.replace("\x00", "")})
    rows, refused, _ = _read(parse(path, file_name="b.csv", as_of=AS_OF, aliases=lambda layout: _gone()))
    if cell.startswith("active"):
        assert rows[0].status == "active"
    else:
        assert refused[0].column == "Member Status"
