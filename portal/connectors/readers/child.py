"""Runs alone, as a script: decodes one workbook or web page under hard limits and writes its cells as JSON lines.

A decoder can abort the process or eat all memory on a hostile file. Here it kills only this child.
A line is a sheet's name (a JSON string) or a row (a JSON list of strings). Nothing of the project is imported.
"""

import json
import resource
import sys
from datetime import date, datetime
from html.parser import HTMLParser

MAX_COLUMNS = 500
TOO_WIDE = 3
CUT_OFF = 4
SPARSE = 6
ENDLESS = 7
MAX_EMPTY = 10_000
TOO_DEEP = 5
_MAX_DEPTH = 20
_MAX_SPAN = 70_000  # rows of a sheet; a cell that reaches further down says nothing more
_PIECE = 1 << 16
_LONGEST_MARK = 4 * _PIECE


class Refused(Exception):
    """The file is not what it must be; `code` is the exit status."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def limit(memory: int, seconds: int, output: int) -> None:
    for what, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, output),
        (resource.RLIMIT_CORE, 0),
    ):
        try:
            resource.setrlimit(what, (value, value))
        except (OSError, ValueError):  # macOS refuses an address-space limit; the clock and the other checks remain
            continue


def as_text(cell: object) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        # Beyond 2**53 digits are already lost: keep the exponent, so that an id in it is refused, not trusted.
        return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time().isoformat() == "00:00:00" else cell.isoformat(sep=" ")
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)


def workbook(path: str) -> None:
    from python_calamine import CalamineWorkbook  # after the limits

    encode = json.JSONEncoder().encode
    write = sys.stdout.write
    # By content: from its path the library would take an old workbook called .xlsx for a new one, and fail.
    with open(path, "rb") as file, CalamineWorkbook.from_filelike(file) as book:
        for index, name in enumerate(book.sheet_names):
            write(encode(name) + "\n")
            sheet = book.get_sheet_by_index(index)
            if sheet.total_width > MAX_COLUMNS:
                raise Refused(TOO_WIDE)
            empty = 0
            for row in sheet.iter_rows():
                cells = [cell if cell.__class__ is str else as_text(cell) for cell in row]
                filled = any(cells)
                if filled and empty > MAX_EMPTY:
                    raise Refused(SPARSE)
                empty = 0 if filled else empty + 1
                if empty <= MAX_EMPTY:  # more of them stand below the table only, and say nothing
                    write(encode(cells) + "\n")


class Table:
    """One table of a page while its cells come in; `lines` are its complete rows as JSON."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.filled = False
        self.row: list[str] | None = None
        self.cell: list[str] | None = None
        self.spans = (1, 1)
        self.below: dict[int, tuple[int, str]] = {}  # column -> rows still covered by a cell further up, and its text

    def start_row(self) -> None:
        self.end_row()
        self.row = []

    def start_cell(self, across: int, down: int) -> None:
        if self.row is None:
            self.start_row()
        self.end_cell()
        self.cell, self.spans = [], (across, down)

    def end_cell(self) -> None:
        if self.cell is None or self.row is None:
            return
        text = " ".join("".join(self.cell).split())
        across, down = self.spans
        self.cell = None
        self._fill_from_above()
        if len(self.row) + across > MAX_COLUMNS:
            raise Refused(TOO_WIDE)
        for column in range(len(self.row), len(self.row) + across):
            self.row.append(text)
            if down > 1:
                self.below[column] = (down - 1, text)
            text = ""  # a wide cell says its text once, and the cells that it covers are empty
        self.filled = self.filled or any(self.row)

    def end_row(self) -> None:
        if self.row is None:
            return
        self.end_cell()
        self._fill_from_above()
        self.lines.append(json.dumps(self.row))
        self.row = None

    def _fill_from_above(self) -> None:
        while self.row is not None and (found := self.below.get(len(self.row))):
            rows, text = found
            self.below[len(self.row)] = (rows - 1, text)
            if rows == 1:
                del self.below[len(self.row)]
            self.row.append(text)


class Page(HTMLParser):
    """Every table of a web page, in the order in which they begin; a table inside a cell is a table of its own."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[Table] = []
        self.open: list[Table] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            if len(self.open) >= _MAX_DEPTH:
                raise Refused(TOO_DEEP)
            self.open.append(Table())
            self.tables.append(self.open[-1])
        elif not self.open:
            return
        elif tag == "tr":
            self.open[-1].start_row()
        elif tag in ("td", "th"):
            given = dict(attrs)
            self.open[-1].start_cell(span(given, "colspan", MAX_COLUMNS + 1), span(given, "rowspan", _MAX_SPAN))
        elif tag in ("br", "p", "div", "li"):
            self.handle_data(" ")

    def handle_endtag(self, tag: str) -> None:
        if not self.open:
            return
        if tag in ("td", "th"):
            self.open[-1].end_cell()
        elif tag == "tr":
            self.open[-1].end_row()
        elif tag == "table":
            self.open.pop().end_row()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1].cell is not None and self.cdata_elem is None:
            self.open[-1].cell.append(data)


def span(attrs: dict[str, str | None], name: str, most: int) -> int:
    text = (attrs.get(name) or "1").strip()
    return max(1, min(int(text), most)) if text.isascii() and text.isdigit() and len(text) < 10 else 1


def page(path: str, codec: str) -> None:
    parser = Page()
    with open(path, encoding=codec, newline="") as file:
        while piece := file.read(_PIECE):
            parser.feed(piece)
            if len(parser.rawdata) > _LONGEST_MARK:  # not yet parsed, and looked at anew with every piece
                raise Refused(ENDLESS)
    parser.close()
    if parser.open:
        raise Refused(CUT_OFF)
    tables = [table for table in parser.tables if table.filled]
    for number, table in enumerate(tables, 1):
        sys.stdout.write(json.dumps(f"Table {number}" if len(tables) > 1 else "") + "\n")
        for line in table.lines:
            sys.stdout.write(line + "\n")


def main() -> int:
    kind, path, memory, seconds, output = sys.argv[1], sys.argv[2], *(int(value) for value in sys.argv[3:6])
    limit(memory, seconds, output)
    try:
        page(path, sys.argv[6]) if kind == "page" else workbook(path)
    except Refused as refused:
        return refused.code
    return 0


if __name__ == "__main__":
    sys.exit(main())
