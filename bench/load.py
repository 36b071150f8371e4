"""Loading a carrier file through the real pipeline, beside COPY and one merge of the same rows, and beside dlt."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from uuid import UUID

from bench import carrier_file, load_limit, load_memory, load_peers, report, tenants
from bench.servers import Place
from portal.book.models import FeedRun
from portal.book.operations import request_load, run_feed
from portal.extensions import db

# First load; the very same file; the same rows as another file; 2 % of the rows with other values.
STEPS = ("first", "again", "same", "changed")
GOALS = {"first": 1.5, "again": 0.5, "same": 0.5, "changed": 0.5}
DLT_GOALS = {"first": 1 / 1.2, "again": 1 / 6, "same": 1 / 6, "changed": 1 / 6}
COPY_GOAL, XLSX_GOAL, MEMORY_GOAL, GROWTH_GOAL = 2.0, 1 / 8, 512.0, 1.25
_EVERY = "policy, policy_writer, member, member_key, feed_file, feed_problem, feed_print, feed_effect"
Times = defaultdict[str, list[float]]


@dataclass(slots=True)
class _Turns:
    """What takes turns, and how long it took each time."""

    place: Place
    fmo_id: UUID
    files: dict[str, Path]
    rows: int
    python: Path | None
    ours: Times = field(default_factory=lambda: Times(list))
    limits: Times = field(default_factory=lambda: Times(list))
    copies: Times = field(default_factory=lambda: Times(list))
    peers: Times = field(default_factory=lambda: Times(list))
    books: dict[str, bytes] = field(default_factory=dict)
    tables: dict[str, bytes] = field(default_factory=dict)
    peaks: list[float] = field(default_factory=list)  # MiB, where each step is a process of its own

    def portal(self) -> None:
        _empty(self.place)
        for step in STEPS:
            self.ours[step].append(_load(self.place, self.fmo_id, self.files[step], self.rows))
            if step not in self.books:
                known = self.books.get("first") if step != "changed" else None  # in between nothing is written
                self.books[step] = known or load_limit.snapshot(self.place.setup, self.fmo_id)
            self.tables = self.tables or load_limit.tables(self.place.setup, self.fmo_id)

    def limit(self) -> None:
        _empty(self.place)
        for step in STEPS:
            self.limits[step].append(load_limit.merge(self.place.setup, self.books[step]))

    def copy(self) -> None:
        _empty(self.place)
        self.copies["first"].append(load_limit.copy_in(self.place.setup, self.tables))

    def dlt(self) -> None:
        if self.python is not None:
            taken = load_peers.dlt_merge(self.place, self.python, [self.files[step] for step in STEPS])
            for step, seconds in zip(STEPS, taken, strict=False):
                self.peers[step].append(seconds)


def run(place: Place, *, rows: int = 100_000, rounds: int = 3, large: int = 1_000_000, workbook: int = 100_000) -> None:
    """Print the figures. `large`, `workbook`: the rows of the memory's and the workbook's, 0 to leave them out."""
    fmo_id, python = tenants.fmo(place, "bench"), load_peers.interpreter(place)
    turns = _Turns(place, fmo_id, _files(place, rows), rows, python)
    for number in range(rounds):
        # The first round must begin with ours, which makes the limit's rows; after it they take turns.
        each: list[Callable[[], None]] = [turns.portal, turns.limit, turns.copy, turns.dlt]
        for one in each if number % 2 == 0 else reversed(each):
            one()
        said = ", ".join(f"{step} {turns.ours[step][-1]:.2f} s beside {turns.limits[step][-1]:.2f} s" for step in STEPS)
        report.say(f"Round {number + 1} of {rounds}, {rows:,} rows: {said}")
    _tell(turns)
    if python and workbook:
        _workbook(place, python, workbook)
    if large:
        _memory(place, large)


def _tell(turns: _Turns) -> None:
    for step in STEPS:
        report.figure("load", f"load_{step}", turns.ours[step], turns.limits[step], unit="s", goal=GOALS[step])
    report.figure("load", "load_first_copy", turns.ours["first"], turns.copies["first"], unit="s", goal=COPY_GOAL)
    for step, taken in turns.peers.items():
        goal = round(DLT_GOALS[step], 4)
        report.figure("load", f"load_{step}_dlt", turns.ours[step], taken, unit="s", goal=goal)


def _files(place: Place, rows: int, *, slim: bool = False) -> dict[str, Path]:
    first, other, changed = (place.folder / f"humana_2026110{day}.csv" for day in (1, 2, 3))
    carrier_file.write(first, rows, slim=slim)
    other.write_bytes(first.read_bytes() + b"\n")
    carrier_file.write(changed, rows, changed=True, slim=slim)
    return dict(zip(STEPS, (first, first, other, changed), strict=True))


def _workbook(place: Place, python: Path, rows: int) -> None:
    """The same rows again in a workbook of which 2 % changed: what is left is mostly reading."""
    fmo_id = tenants.fmo(place, "workbook")
    files = [place.folder / f"humana_2026110{day}.xlsx" for day in (1, 2)]
    for path in files:
        carrier_file.write_workbook(path, rows, changed=path is files[1])
    taken: list[float] = []
    for reader in (None, load_peers.read_by_openpyxl(python)):
        _empty(place)
        _load(place, fmo_id, files[0], rows)
        try:
            taken.append(_load(place, fmo_id, files[1], rows, reader))
        except RuntimeError as error:
            report.say(f"Workbooks are not compared: {error}")
            return
    report.figure("load", "load_xlsx_openpyxl", taken[:1], taken[1:], unit="s", goal=XLSX_GOAL)


def _memory(place: Place, rows: int) -> None:
    """All steps with `rows`, once, each in a process of its own, beside a tenth of them; and their merges."""
    small, large = _steps(place, rows // 10), _steps(place, rows)
    for step in STEPS:
        report.figure("load", f"load_large_{step}", large.ours[step], large.limits[step], unit="s", goal=GOALS[step])
    most = max(large.peaks)
    report.figure("load", "load_memory", [most], [MEMORY_GOAL], unit="MiB", goal=1.0)
    report.figure("load", "load_memory_growth", [most], [max(small.peaks)], unit="MiB", goal=GROWTH_GOAL)


def _steps(place: Place, rows: int) -> _Turns:
    turns = _Turns(place, tenants.fmo(place, f"rows{rows}"), _files(place, rows, slim=True), rows, None)
    _empty(place)
    for step in STEPS:
        run_id = _request(place, turns.fmo_id, turns.files[step])
        peak, seconds = load_memory.peak_of(place, turns.fmo_id, run_id)
        _check(place, turns.fmo_id, run_id, rows)
        turns.peaks.append(peak)
        turns.ours[step].append(seconds)
        report.say(f"{rows:,} rows, {step}: {seconds:.1f} s, {peak:.0f} MiB")
        if step in ("first", "changed"):  # in between nothing is written
            turns.books[step] = load_limit.snapshot(place.setup, turns.fmo_id)
        turns.books.setdefault(step, turns.books["first"])
    turns.limit()
    turns.books.clear()
    return turns


def _empty(place: Place) -> None:
    place.setup.execute(f"TRUNCATE {_EVERY} CASCADE")
    place.setup.execute("UPDATE feed_run SET reading = NULL")  # what they told is no longer in the book


def _request(place: Place, fmo_id: UUID, path: Path) -> UUID:
    with tenants.job(place, fmo_id):
        return request_load(body=path, file_name=path.name, connector=None, dry_run=False, by="bench").id


def _load(
    place: Place, fmo_id: UUID, path: Path, rows: int, reader: AbstractContextManager[None] | None = None
) -> float:
    run_id = _request(place, fmo_id, path)
    with tenants.job(place, fmo_id), reader or nullcontext():
        begun = perf_counter()
        run_feed(run_id)
        taken = perf_counter() - begun
    _check(place, fmo_id, run_id, rows)
    return taken


def _check(place: Place, fmo_id: UUID, run_id: UUID, rows: int) -> None:
    """Every row was taken, and no policy was written but those that were new or changed."""
    with tenants.job(place, fmo_id):
        done = db.session.get_one(FeedRun, (fmo_id, run_id))
        counts = done.rows, done.refused, (done.new or 0) + (done.changed or 0)
        said = f"{done.status}, {done.error}"
    [(written,)] = place.setup.execute("SELECT count(*) FROM policy WHERE source_run_id = %s", (run_id,)).fetchall()
    if counts[0] not in (rows, rows + 1) or counts[1:] != (0, written):
        raise RuntimeError(f"The load did not take every row, or wrote others: {said}, {counts}, {written} written")
