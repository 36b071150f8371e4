"""Each layout against a small file with its oddities, and exactly what must come of every row.

After an intended change: `python -m tests.connectors.test_golden` writes the expectations anew; read the difference.
A changed `identity` or `content_hash` of an unchanged row makes every policy in every book new or changed.
"""

from __future__ import annotations

import csv
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest

from portal.connectors.layouts import load_layouts
from portal.connectors.parse import parse
from portal.connectors.rows import FileRefused
from tests.connectors.files import AS_OF, GOLDEN, Read, golden_file, read, write_book

NAMES = tuple(sorted(load_layouts()))


def told(name: str, folder: Path) -> dict[str, Any]:
    """What the golden file of a layout gives, as plain JSON values."""
    return _plain(read(golden_file(name, folder)))


def _plain(result: Read) -> dict[str, Any]:
    everything = {
        "rows": [row._asdict() for row in result.rows],
        "refused": [refusal._asdict() for refusal in result.refused],
        "dropped": [dropped._asdict() for dropped in result.dropped],
        "notes": result.notes,
    }
    plain: dict[str, Any] = json.loads(json.dumps(everything, default=str))
    return plain


@pytest.mark.parametrize("name", NAMES)
def test_a_layout_reads_its_golden_file_exactly(name: str, tmp_path: Path) -> None:
    expected = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    assert told(name, tmp_path) == expected


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_recognised_by_its_content_as_exactly_one_layout(name: str, tmp_path: Path) -> None:
    found = parse(golden_file(name, tmp_path), file_name="export", as_of=AS_OF)
    assert found.layout.name == name
    for other in set(NAMES) - {name}:
        with pytest.raises(FileRefused):
            parse(golden_file(name, tmp_path), file_name="export", as_of=AS_OF, layout_name=other)


@pytest.mark.parametrize("name", NAMES)
def test_every_row_of_a_golden_file_is_accounted_for_once(name: str, tmp_path: Path) -> None:
    result = read(golden_file(name, tmp_path), batch_size=2)
    taken, refused, dropped = ([one.row for one in part] for part in (result.rows, result.refused, result.dropped))
    numbers = taken + refused + dropped
    assert sorted(numbers) == list(range(min(numbers), min(numbers) + len(numbers)))


@pytest.mark.parametrize("name", [name for name in NAMES if (GOLDEN / f"{name}.tsv").exists()])
def test_the_order_of_columns_and_rows_decides_nothing(name: str, tmp_path: Path) -> None:
    """Of workbooks, whose rows stand below what may stand above a header."""
    with (GOLDEN / f"{name}.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t"))
    start = next(number for number, row in enumerate(rows) if len(row) > 10)
    turned = [*rows[:start], rows[start], *reversed(rows[start + 1 :])]
    there, back = (
        read(write_book(tmp_path / f"{number}.xlsx", {"Active Members": cells}))
        for number, cells in enumerate((rows, turned))
    )
    assert sorted(row[2:4] for row in there.rows) == sorted(row[2:4] for row in back.rows)


def test_unitedhealthcare_without_medicare_numbers_is_the_same_layout_and_policy(tmp_path: Path) -> None:
    """The variant since July 2026: one column fewer, every policy where it was."""
    with (GOLDEN / "unitedhealthcare.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t"))
    [header] = [row for row in rows if "mbiNumber" in row]
    place = header.index("mbiNumber")
    fewer = [[*row[:place], *row[place + 1 :]] if len(row) == len(header) else row for row in rows]
    before = read(write_book(tmp_path / "a.xlsx", {"Active Members": rows}))
    after = read(write_book(tmp_path / "b.xlsx", {"Active Members": fewer}))
    known = {row.identity: row for row in before.rows}
    assert set(known) <= {row.identity for row in after.rows} and not any(row.mbi for row in after.rows)
    assert all(row.writer_npn == known[row.identity].writer_npn for row in after.rows if row.identity in known)


if __name__ == "__main__":
    for layout in NAMES:
        with tempfile.TemporaryDirectory() as place:
            text = json.dumps(told(layout, Path(place)), indent=1, ensure_ascii=False)
        (GOLDEN / f"{layout}.json").write_text(text + "\n", encoding="utf-8")
