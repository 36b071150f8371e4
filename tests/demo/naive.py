"""A second, deliberately simple reading of the demo's files, which knows none of the portal's code."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

import python_calamine

FORMATS = {
    ("summit", "Humana"): ("cp1252", ","),
    ("summit", "Aetna"): ("utf-8", ","),
    ("summit", "Mutual of Omaha"): ("utf-8", ";"),
    ("lakeside", "Humana"): ("utf-8-sig", ","),
    ("lakeside", "Aetna"): ("utf-16", "\t"),
    ("lakeside", "Mutual of Omaha"): ("utf-8", ","),
}


class Seen(NamedTuple):
    """What one row says, as the truth would word it; `received` orders rows of one identity."""

    key: str
    last: str
    effective: str
    term: str
    npn: str
    mbi: str
    email: str
    received: str = ""


class Crosswalk:
    """Carrier identifier and day to NPN; empty for none or several."""

    def __init__(self, path: Path) -> None:
        self._lines: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
        with path.open(encoding="utf-8", newline="") as file:
            for line in csv.DictReader(file):
                self._lines[line["carrier"], line["value"]].append(line)

    def npn(self, carrier: str, value: str, day: str) -> str:
        """The one NPN that the value means on that day."""
        fits = {
            line["npn"]
            for line in self._lines[carrier, value]
            if (line["valid_from"] or day) <= day <= (line["valid_to"] or day)
        }
        return fits.pop() if len(fits) == 1 else ""


def rows(path: Path, fmo: str, carrier: str) -> list[dict[str, str]]:
    """All rows below the header, as text; of a repeated header the first column counts."""
    if path.suffix == ".xlsx":
        sheet = (
            python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python(skip_empty_area=False)
        )
        table = [[str(int(cell)) if isinstance(cell, float) else str(cell) for cell in line] for line in sheet[4:]]
    else:
        encoding, delimiter = FORMATS[fmo, carrier]
        with path.open(encoding=encoding, newline="") as file:
            table = list(csv.reader(file, delimiter=delimiter))
    header = table[0]
    return [dict(reversed(list(zip(header, line, strict=False)))) for line in table[1:]]


def policies(path: Path, fmo: str, carrier: str, crosswalk: Crosswalk) -> list[Seen]:
    """One `Seen` per policy; rows without a name, a real date or a policy are left out, the last application wins."""
    read = {"UnitedHealthcare": _uhc, "Humana": _humana, "Aetna": _aetna, "Mutual of Omaha": _mutual}[carrier]
    found: dict[tuple[str, str], Seen] = {}
    for seen in read(rows(path, fmo, carrier), crosswalk):
        known = found.get((seen.key, seen.effective))
        if known is None or seen.received > known.received:
            found[seen.key, seen.effective] = seen
    return list(found.values())


def _day(text: str) -> str:
    for form in ("%m/%d/%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(text, form).date().isoformat()  # noqa: DTZ007  # a date has no zone
        except ValueError:
            continue
    return ""


def _open(day: str) -> str:
    return "" if day and date.fromisoformat(day).year > 2200 else day


def _uhc(table: list[dict[str, str]], crosswalk: Crosswalk) -> Iterator[Seen]:
    for row in table:
        effective = _day(row["policyEffectiveDate"])
        if effective and row["memberLastName"]:
            npn = (row["solicitorNpn10"] or row["agentNpn20"] or row["agentNpn"]).lstrip("0")
            term = _open(_day(row["policyTermDate"]))
            yield Seen(
                row["memberNumber"], row["memberLastName"], effective, term, npn, row["mbiNumber"], row["memberEmail"]
            )


def _humana(table: list[dict[str, str]], crosswalk: Crosswalk) -> Iterator[Seen]:
    for row in table:
        effective = _day(row.get("Effective Date", ""))
        if effective and row["MbrLastName"]:
            assert row["Medicare No"].startswith("XXXXX")
            npn = row["NPN"].lstrip("0") or crosswalk.npn("humana", row["Servicing Agent SAN"], effective)
            email = "" if row["Email"] == "Unavailable" else row["Email"]
            yield Seen(row["Humana ID"], row["MbrLastName"], effective, _day(row["Inactive Date"]), npn, "", email)


def _aetna(table: list[dict[str, str]], crosswalk: Crosswalk) -> Iterator[Seen]:
    for row in table:
        effective = _day(row.get("Coverage Effective Date", ""))
        if effective and row["Last Name"]:
            npn = row["Writing Agent NPN"].lstrip("0") or crosswalk.npn("aetna", row["Writing Agent TIN"], effective)
            mbi = row["Medicare Number"].replace("-", "").upper()
            received = row["Application Received Date"]
            yield Seen(
                row["Member ID"], row["Last Name"], effective, _open(_day(row["Term Date"])), npn, mbi, "", received
            )


def _mutual(table: list[dict[str, str]], crosswalk: Crosswalk) -> Iterator[Seen]:
    for row in table:
        effective = _day(row.get("Issue Date", ""))
        if effective and row["Insured Name"]:
            npn = crosswalk.npn("mutual_of_omaha", row["Writing Agent Number"], effective)
            yield Seen(row["Policy Number"], row["Insured Name"].partition(",")[0], effective, "", npn, "", "")
