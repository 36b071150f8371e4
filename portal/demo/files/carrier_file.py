"""The open carrier files of one FMO: which enrolment goes where, and the extra rows that must not become policies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from random import Random

from portal.connectors.rows import Status
from portal.demo.book import Enrolment
from portal.demo.cast import Fmo
from portal.demo.files import aetna, humana, mutual, uhc
from portal.demo.files.output import Output, SheetOutput, TextOutput
from portal.demo.files.shapes import Flaw
from portal.demo.plans import Carrier

Row = Callable[[Enrolment, Flaw | None], list[str]]


@dataclass(slots=True)
class CarrierFile:
    """One file being written. `refused` and `dropped` count the rows that must not reach the book."""

    fmo: str
    carrier: Carrier
    path: Path
    output: Output
    row: Row
    policies: int = 0
    refused: int = 0
    dropped: int = 0


def open_files(folder: Path, fmo: Fmo, rng: Random, as_of: date) -> dict[tuple[Carrier, bool], CarrierFile]:
    """Start all files of an FMO below `folder`; the key's second part is False for inactive members."""
    place = folder / fmo.slug
    place.mkdir(parents=True, exist_ok=True)
    files = {(Carrier.UHC, active): _uhc(place, fmo, rng, as_of, active=active) for active in (True, False)}
    for carrier, start in ((Carrier.HUMANA, _humana), (Carrier.AETNA, _aetna), (Carrier.MUTUAL, _mutual)):
        files[carrier, True] = start(place, fmo, rng, as_of)
    return files


def add(files: dict[tuple[Carrier, bool], CarrierFile], enrolment: Enrolment, fmo: Fmo) -> None:
    """Write the enrolment's row and, at regular places, rows beside it that must be refused or dropped."""
    active = enrolment.status != Status.TERMINATED or enrolment.carrier != Carrier.UHC
    file = files[enrolment.carrier, active]
    cells = file.row(enrolment, None)
    beside = _superseded(enrolment, fmo, file.policies)
    if beside and file.policies % 2:
        file.output.write(beside)
    file.output.write(cells)
    if beside and not file.policies % 2:
        file.output.write(beside)
    if file.policies % 300 == 7:
        file.output.write(cells)
    flaw = {5: Flaw.BAD_DATE, 9: Flaw.NO_NAME}.get(file.policies % 400)
    if flaw:
        file.output.write(file.row(_of_somebody_else(enrolment), flaw))
    file.dropped += bool(beside) + (file.policies % 300 == 7)
    file.refused += flaw is not None
    file.policies += 1


def close(file: CarrierFile) -> None:
    """Write the total row and finish the file."""
    totals = {
        Carrier.UHC: uhc.total,
        Carrier.HUMANA: humana.total,
        Carrier.AETNA: aetna.total,
        Carrier.MUTUAL: mutual.total,
    }
    file.output.write(totals[file.carrier](file.policies))
    file.dropped += 1
    file.output.close()


def _superseded(enrolment: Enrolment, fmo: Fmo, place: int) -> list[str] | None:
    """An earlier application for the same coverage, at some places of Aetna's report."""
    if enrolment.carrier != Carrier.AETNA or place % 150 not in (11, 86):
        return None
    rival = next(one for one in fmo.writers if one.npn != enrolment.credit.writer.npn)
    return aetna.superseded(enrolment, rival)


def _of_somebody_else(enrolment: Enrolment) -> Enrolment:
    """The same row for a member who has no policy in the book; household serials leave this one free."""
    person = replace(enrolment.person, serial=enrolment.person.serial + 5)
    return replace(enrolment, person=person, policy_key=f"9{enrolment.policy_key}")


def _uhc(place: Path, fmo: Fmo, rng: Random, as_of: date, *, active: bool) -> CarrierFile:
    """The inactive members' export has zip codes as numbers, without their leading zeros."""
    word = "Active" if active else "Inactive"
    path = place / f"UHC_BookOfBusiness_{word}_{as_of:%Y%m%d}.xlsx"
    numeric = frozenset[int]() if active else frozenset((uhc.ZIP,))
    output = SheetOutput(path, sheet=f"{word} Members", created=as_of, numeric=numeric)
    for cells in (*uhc.preamble(fmo, active=active, as_of=as_of), uhc.HEADER):
        output.write(cells)
    return CarrierFile(
        fmo.slug, Carrier.UHC, path, output, lambda enrolment, flaw: uhc.row(enrolment, rng, fmo, flaw)
    )  # fmt: skip


def _humana(place: Path, fmo: Fmo, rng: Random, as_of: date) -> CarrierFile:
    encoding = "cp1252" if fmo.slug == "summit" else "utf-8-sig"
    path = place / f"Humana_Active Policies_{as_of:%Y%m%d}.csv"
    output = TextOutput(path, encoding=encoding, delimiter=",", line_end="\r\n")
    output.write(humana.HEADER)
    return CarrierFile(
        fmo.slug, Carrier.HUMANA, path, output, lambda enrolment, flaw: humana.row(enrolment, rng, as_of, flaw)
    )  # fmt: skip


def _aetna(place: Path, fmo: Fmo, rng: Random, as_of: date) -> CarrierFile:
    """Summit's is UTF-8 with commas, Lakeside's the "Unicode text" of a spreadsheet program: UTF-16LE with tabs."""
    name = "".join(word for word in fmo.name.split())
    path = place / f"{name}_MedicareApprovedBOBReport_{as_of:%Y%m%d}.csv"
    encoding, delimiter, end = ("utf-8", ",", "\n") if fmo.slug == "summit" else ("utf-16-le", "\t", "\r\n")
    output = TextOutput(path, encoding=encoding, delimiter=delimiter, line_end=end)
    output.write(aetna.HEADER)
    return CarrierFile(fmo.slug, Carrier.AETNA, path, output, aetna.row)


def _mutual(place: Path, fmo: Fmo, rng: Random, as_of: date) -> CarrierFile:
    path = place / f"MutualOfOmaha_Inforce_{as_of:%Y%m%d}.csv"
    delimiter, end = (";", "\n") if fmo.slug == "summit" else (",", "\r\n")
    output = TextOutput(path, encoding="utf-8", delimiter=delimiter, line_end=end)
    output.write(mutual.HEADER)
    return CarrierFile(
        fmo.slug, Carrier.MUTUAL, path, output, lambda enrolment, flaw: mutual.row(enrolment, as_of, flaw)
    )  # fmt: skip
