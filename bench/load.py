"""Loading a carrier file through the real pipeline, beside COPY and one merge of the same rows into the same tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from uuid import UUID

from bench import carrier_file, load_limit, report, tenants
from bench.servers import Place
from portal.book.models import FeedRun
from portal.book.operations import request_load, run_feed
from portal.extensions import db

GOAL = 3.0
STEPS = ("first", "again", "changed")
_TABLES = "policy, policy_writer, member, member_key, feed_file, feed_problem"


def run(place: Place, *, rows: int = 100_000, rounds: int = 3) -> None:
    """Print the figures load_first, load_again (the same file) and load_changed (2 % of its rows have other values)."""
    files = [place.folder / "humana_20261101.csv", place.folder / "humana_20261102.csv"]
    for path, changed in zip(files, (False, True), strict=True):
        carrier_file.write(path, rows, changed=changed)
    fmo_id = tenants.fmo(place, "bench")
    ours: defaultdict[str, list[float]] = defaultdict(list)
    limits: defaultdict[str, list[float]] = defaultdict(list)
    books: list[bytes] = []

    def portal() -> None:
        _empty(place)
        for step, path in zip(STEPS, (files[0], *files), strict=True):
            ours[step].append(_load(place, fmo_id, path, rows))
            if len(books) < 2 and step != "again":
                books.append(load_limit.snapshot(place.setup, fmo_id))

    def limit() -> None:
        _empty(place)
        for step, book in zip(STEPS, (books[0], *books), strict=True):
            limits[step].append(load_limit.merge(place.setup, book))

    for number in range(rounds):
        # The first round must begin with ours, which makes the limit's rows; after it they take turns.
        both: list[Callable[[], None]] = [portal, limit] if number % 2 == 0 else [limit, portal]
        for one in both:
            one()
        said = ", ".join(f"{step} {ours[step][-1]:.2f} s beside {limits[step][-1]:.2f} s" for step in STEPS)
        report.say(f"Round {number + 1} of {rounds}, {rows:,} rows: {said}")
    for step in STEPS:
        report.figure("load", f"load_{step}", ours[step], limits[step], unit="s", goal=GOAL)


def _empty(place: Place) -> None:
    place.setup.execute(f"TRUNCATE {_TABLES} CASCADE")


def _load(place: Place, fmo_id: UUID, path: Path, rows: int) -> float:
    with tenants.job(place, fmo_id):
        run_id = request_load(body=path, file_name=path.name, connector=None, dry_run=False, by="bench").id
    with tenants.job(place, fmo_id):
        begun = perf_counter()
        run_feed(run_id)
        taken = perf_counter() - begun
    with tenants.job(place, fmo_id):
        done = db.session.get_one(FeedRun, (fmo_id, run_id))
        if done.status != "succeeded" or done.rows != rows or done.refused:
            raise RuntimeError(f"The load did not take every row: {done.status}, {done.rows} rows, {done.error}")
    return taken
