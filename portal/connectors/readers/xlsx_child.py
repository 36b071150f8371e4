"""Runs alone, as a script: reads one workbook under hard limits and writes its cells as JSON lines.

The decoder can abort the process or eat all memory on a hostile workbook. Here it kills only this child.
A line is a sheet's name (a JSON string) or a row (a JSON list of strings). Nothing of the project is imported.
"""

import json
import resource
import sys
from datetime import date, datetime

MAX_COLUMNS = 500
TOO_WIDE = 3


def limit(memory: int, seconds: int, output: int) -> None:
    for what, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, output),
        (resource.RLIMIT_CORE, 0),
    ):
        try:
            resource.setrlimit(what, (value, value))
        except (OSError, ValueError):  # macOS refuses an address-space limit; the clock and the zip check remain
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


def main() -> int:
    path, memory, seconds, output = sys.argv[1], *(int(value) for value in sys.argv[2:5])
    limit(memory, seconds, output)
    from python_calamine import CalamineWorkbook  # after the limits

    write = sys.stdout.write
    with CalamineWorkbook.from_path(path) as workbook:
        for index, name in enumerate(workbook.sheet_names):
            write(json.dumps(name) + "\n")
            sheet = workbook.get_sheet_by_index(index)
            if sheet.total_width > MAX_COLUMNS:
                return TOO_WIDE
            for row in sheet.iter_rows():
                write(json.dumps([as_text(cell) for cell in row]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
