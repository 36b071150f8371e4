"""The row that names the columns, in a file whose columns nobody has seen before."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from portal.connectors.layouts import header_key
from portal.connectors.profile import shape
from portal.connectors.readers import Sheet

_DIGIT_RUN = re.compile(r"\d{3,}|\d[-/.]\d|\d{1,2}:\d\d|@|\$")
LEAST_COLUMNS = 3


class Heading(NamedTuple):
    """A row of a sheet, by the sheet's place in the file and the row's number."""

    sheet: int
    row: int


def guess(sheets: Sequence[Sheet]) -> Heading | None:
    """The row that most looks like a header with rows below it, None where no row has at least three names."""
    best: tuple[float, Heading] | None = None
    for place, sheet in enumerate(sheets):
        for index, (number, cells) in enumerate(sheet.head):
            score = _score(cells, [below for _, below in sheet.head[index + 1 : index + 4]])
            if score and (best is None or score > best[0] * 1.05):  # the first of equals
                best = (score, Heading(place, number))
    return best[1] if best else None


def _score(cells: list[str], below: list[list[str]]) -> float:
    named = [cell for cell in cells if cell.strip()]
    names = {header_key(cell) for cell in named} - {""}
    if len(names) < LEAST_COLUMNS:
        return 0.0
    texts = share_of_names(cells)
    filled = max((sum(bool(cell.strip()) for cell in row) for row in below), default=0)
    return len(names) * texts**2 * (0.5 + 0.5 * min(filled / len(names), 1.0))


def share_of_names(cells: Sequence[str]) -> float:
    """How many of the row's cells could be names of columns: words, and no values; 0 to 1."""
    named = [cell.strip() for cell in cells if cell.strip()]
    fits = [cell for cell in named if any(map(str.isalpha, cell)) and not _DIGIT_RUN.search(cell)]
    return len(fits) / len(named) if named else 0.0


def shown(cells: Sequence[str], most: int = 8) -> list[str]:
    """The first cells of a row for a person to choose by: names as they are, of a row of values their shapes only."""
    named = [" ".join(cell.split()) for cell in cells if cell.strip()][:most]
    texts = share_of_names(named)
    # A row of values has dates and numbers in it; a member's name beside them is not shown either.
    return [cell[:40] if texts >= 0.8 else shape(cell) for cell in named]
