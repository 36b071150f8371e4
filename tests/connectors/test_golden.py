"""Each layout against a small file with its oddities, and exactly what must come of every row.

After an intended change: `python -m tests.connectors.test_golden` writes the expectations anew; read the difference.
A changed `identity` or `content_hash` of an unchanged row makes every policy in every book new or changed.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest

from portal.connectors.layouts import load_layouts
from portal.connectors.parse import parse
from portal.connectors.rows import FileRefused
from tests.connectors.files import AS_OF, GOLDEN, Read, golden_file, read

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


if __name__ == "__main__":
    for layout in NAMES:
        with tempfile.TemporaryDirectory() as place:
            text = json.dumps(told(layout, Path(place)), indent=1, ensure_ascii=False)
        (GOLDEN / f"{layout}.json").write_text(text + "\n", encoding="utf-8")
