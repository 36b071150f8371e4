"""Small carrier files for tests, of people who do not exist."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from tests.connectors.files import GOLDEN

AETNA = {
    "Member ID": "101000000001", "Medicare Number": "1EG4TE5MK73", "First Name": "MAE", "Last Name": "ABBOT",
    "Date of Birth": "05/17/1950", "Email": "mae@mail.example", "Phone Number": "", "Address Line 1": "1 Elm St",
    "Address Line 2": "", "City": "Columbus", "State": "OH", "Zip Code": "43004",
    "Application Received Date": "10/20/2025", "Coverage Effective Date": "01/01/2026", "Member Status": "A",
    "Term Date": "", "Term Reason Code": "", "Plan Name": "Gold Plus (HMO)", "CMS Contract Number": "H1036",
    "PBP Code": "335", "Writing Agent NPN": "1001001", "Writing Agent TIN": "", "Writing Agent First Name": "Amy",
    "Writing Agent Last Name": "Stone",
}  # fmt: skip
HUMANA = {
    "MbrLastName": "ABBOT", "MbrFirstName": "MAE", "Humana ID": "H50000001", "Medicare No": "XXXXXXMK73",
    "Birth Date": "5/17/1950", "Email": "Unavailable", "Resident Zip Code": "43004", "Status": "Active Policy",
    "Effective Date": "1/1/2026", "Inactive Date": "", "CoverageType": "MAPD", "Plan Name": "Choice",
    "Contract-PBP-Segment ID": "H5216-001-000", "NPN": "1001001", "Servicing Agent": "Amy Stone",
    "Servicing Agent SAN": "1400001", "AOR Name": "Somebody Else",
}  # fmt: skip
MUTUAL = {
    "Policy Number": "560001-40M", "Insured Name": "ABBOT, MAE", "Product": "Medicare Supplement", "Plan Letter": "G",
    "Issue Date": "01/01/2026", "Status": "Active", "Modal Premium": "120.50", "Writing Agent Number": "0118BK05",
}  # fmt: skip
# Medicare numbers of the right form; nobody's.
MBIS = ("1EG4TE5MK73", "2EG4TE5MK74", "3EG4TE5MK75", "4EG4TE5MK76")


def table(header: Iterable[str], rows: Iterable[dict[str, str]]) -> bytes:
    """A CSV file of the columns `header`."""
    file = io.StringIO()
    writer = csv.DictWriter(file, list(header))
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


def aetna(*changes: dict[str, str]) -> bytes:
    """An Aetna file with one row for each of `changes` to the row above."""
    return table(AETNA, [AETNA | change for change in changes])


def humana(*changes: dict[str, str]) -> bytes:
    """A Humana file."""
    return table(HUMANA, [HUMANA | change for change in changes])


def mutual(*changes: dict[str, str]) -> bytes:
    """A Mutual of Omaha file."""
    return table(MUTUAL, [MUTUAL | change for change in changes])


def person(number: int, **other: str) -> dict[str, str]:
    """What makes an Aetna row somebody else's: number, name, birth date, Medicare number."""
    mbi = f"{1 + number % 9}EG4TE5MK{number % 100:02}"
    named = {"First Name": f"Person{chr(65 + number % 26)}", "Last Name": f"Case{chr(65 + number // 26)}"}
    born = {"Date of Birth": f"03/{1 + number % 28:02}/19{40 + number % 20}"}
    return {"Member ID": f"1010000{number:05}", "Medicare Number": mbi, **named, **born, **other}


def total(counts: Sequence[int | None]) -> int:
    """The sum of counts that must all be known."""
    assert None not in counts
    return sum(count or 0 for count in counts)


def golden(name: str, *changes: dict[str, str]) -> bytes:
    """A file of the layout `name` with its golden file's first row, once for each of `changes` to it."""
    [path] = [one for one in GOLDEN.glob(f"{name}.?sv") if one.suffix in (".csv", ".tsv")]
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, row, *_ = csv.reader(file, delimiter="\t" if path.suffix == ".tsv" else ",")
    return table(header, [dict(zip(header, row, strict=True)) | change for change in changes])
