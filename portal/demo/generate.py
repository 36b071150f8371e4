"""Write the whole demo below one folder: carrier files, downline files, the truth; the same for the same arguments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random

from portal.demo import cast, truth
from portal.demo.book import enrolments
from portal.demo.cast import Fmo, Producer
from portal.demo.crosswalk import with_twin_numbers
from portal.demo.downline import write_agents, write_crosswalk
from portal.demo.files.carrier_file import CarrierFile, add, close, open_files
from portal.demo.files.output import TextOutput

MINIMUM_POLICIES = 200


@dataclass(frozen=True, slots=True)
class DemoFile:
    """One carrier file and what a right reading gives; `dropped` are repeats, superseded rows and the total row."""

    fmo: str
    carrier: str
    path: Path
    policies: int
    refused: int
    dropped: int


@dataclass(frozen=True, slots=True)
class DemoAgency:
    """The agency whose Business several people share: provisioned under `agency`, the others by Add Agent."""

    agency: Producer
    principal: Producer
    limited: Producer


@dataclass(frozen=True, slots=True)
class DemoFmo:
    """One FMO: its officers' addresses, its downline files, the agent (and agency) with a Business of their own."""

    slug: str
    name: str
    admin: str
    compliance: str
    agents_csv: Path
    crosswalk_csv: Path
    agent: Producer
    agency: DemoAgency | None


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """All that was written, and for whom."""

    folder: Path
    truth_csv: Path
    fmos: tuple[DemoFmo, ...]
    files: tuple[DemoFile, ...]


def write_demo(folder: Path, *, seed: int, policies: int, as_of: date) -> DemoPlan:
    """Write the demo of exactly `policies` policies over all FMOs; byte-identical files for the same arguments.

    `policies` must be 200 or more, so that everybody named has some: else ValueError. Memory use does not grow with it.
    """
    if policies < MINIMUM_POLICIES:
        raise ValueError(f"The demo needs at least {MINIMUM_POLICIES} policies.")
    rng = Random(seed)
    fmos = tuple(with_twin_numbers(fmo) for fmo in (cast.summit(rng), cast.lakeside(rng)))
    folder.mkdir(parents=True, exist_ok=True)
    files = _write_policies(folder, fmos, rng, seed=seed, policies=policies, as_of=as_of)
    return DemoPlan(
        folder=folder,
        truth_csv=folder / "truth.csv",
        fmos=tuple(_write_downline(folder, fmo, as_of) for fmo in fmos),
        files=tuple(_described(file) for file in files),
    )


def _write_policies(
    folder: Path, fmos: tuple[Fmo, ...], rng: Random, *, seed: int, policies: int, as_of: date
) -> list[CarrierFile]:
    careless = Random(seed + 1)  # of its own, so that a quirk of a file never changes the truth
    by_slug = {fmo.slug: fmo for fmo in fmos}
    files = {fmo.slug: open_files(folder, fmo, careless, as_of) for fmo in fmos}
    output = TextOutput(folder / "truth.csv", encoding="utf-8", delimiter=",", line_end="\n")
    output.write(truth.COLUMNS)
    for enrolment in enrolments(rng, fmos, seed=seed, policies=policies, as_of=as_of):
        output.write(truth.line(enrolment))
        add(files[enrolment.fmo], enrolment, by_slug[enrolment.fmo])
    output.close()
    every = [file for shelf in files.values() for file in shelf.values()]
    for file in every:
        close(file)
    return every


def _write_downline(folder: Path, fmo: Fmo, as_of: date) -> DemoFmo:
    agents_csv, crosswalk_csv = folder / fmo.slug / "agents.csv", folder / fmo.slug / "crosswalk.csv"
    write_agents(agents_csv, fmo)
    write_crosswalk(crosswalk_csv, fmo, as_of)
    people = {one.npn: one for one in (*fmo.agencies, *fmo.agents)}
    agency = None
    if cast.AGENCY_NPN in people:
        agency = DemoAgency(people[cast.AGENCY_NPN], people[cast.PRINCIPAL_NPN], people[cast.PRODUCER_NPN])
    return DemoFmo(
        slug=fmo.slug,
        name=fmo.name,
        admin=f"admin@{fmo.slug}.example",
        compliance=f"compliance@{fmo.slug}.example",
        agents_csv=agents_csv,
        crosswalk_csv=crosswalk_csv,
        agent=people[cast.AGENT_NPN],
        agency=agency,
    )


def _described(file: CarrierFile) -> DemoFile:
    return DemoFile(file.fmo, file.carrier.value, file.path, file.policies, file.refused, file.dropped)
