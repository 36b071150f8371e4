"""What the demo's files say, from `truth.csv` alone, in the words that the pages use."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date
from pathlib import Path
from typing import NamedTuple

# Written down here once more, so that a wrong word on the pages is found.
STATUS_WORDS = {
    "active": "Active",
    "future_active": "Future",
    "pending": "Pending",
    "lapsed": "Lapsed",
    "terminated": "Terminated",
    "cancelled": "Cancelled",
}


class Line(NamedTuple):
    """One policy as a row of a list reads."""

    member: str  # "Whitfield, Dana"
    number: str
    carrier: str
    status: str
    effective: str  # "1 Jan 2026"
    term: str  # the same, or "open"


def policies_of(folder: Path, fmo: str, *npns: str) -> list[Line]:
    """Every policy that `npns` wrote at `fmo`, sorted; without `npns` the whole book."""
    with (folder / "truth.csv").open(newline="", encoding="utf-8") as file:
        found = [row for row in csv.DictReader(file) if row["fmo"] == fmo and (not npns or row["writing_npn"] in npns)]
    return sorted(_line(row) for row in found)


def somebody_with_mbi(folder: Path, fmo: str, npn: str) -> tuple[str, str]:
    """(name as listed, Medicare number) of a member whom no other member of `npn` shares the name with."""
    with (folder / "truth.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["fmo"] == fmo and row["writing_npn"] == npn]
    lasts = Counter(row["member_last"] for row in rows)
    found = next(row for row in rows if row["mbi"] and lasts[row["member_last"]] == 1)
    return _line(found).member, found["mbi"]


def _line(row: dict[str, str]) -> Line:
    return Line(
        f"{row['member_last']}, {row['member_first']}",
        row["policy_key"],
        row["carrier"],
        STATUS_WORDS[row["status"]],
        _day(row["effective_date"]),
        _day(row["term_date"]) if row["term_date"] else "open",
    )


def _day(text: str) -> str:
    day = date.fromisoformat(text)
    return f"{day.day} {day:%b %Y}"
