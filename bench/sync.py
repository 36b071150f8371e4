"""Policy Sync of one large account, beside one set of statements that writes the same rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from time import perf_counter
from uuid import UUID

from bench import fill, report, sync_limit, tenants
from bench.servers import Place
from portal.businesses.models import Business
from portal.core import scope
from portal.extensions import db
from portal.sync import operations

GOAL = 3.0
STEPS = ("first", "again", "changed")
_ONE_IN = 50  # how many policies there are to each that changes: 2 %
_CHANGE = """
UPDATE policy SET content_hash = 'x' || content_hash WHERE fmo_id = %s AND writing_npn = %s AND source_row %% %s = 0
"""
_MOVE = """
UPDATE member m SET city = 'Waco'
FROM policy p WHERE p.fmo_id = m.fmo_id AND p.member_id = m.id AND p.content_hash LIKE 'x%'
"""
_BACK = (
    "UPDATE policy SET content_hash = substr(content_hash, 2) WHERE content_hash LIKE 'x%'",
    "UPDATE member SET city = 'Lima' WHERE city = 'Waco'",
    "VACUUM ANALYZE policy, member",
)


def run(place: Place, *, policies: int = 50_000, rounds: int = 3) -> None:
    """Print the figures sync_first, sync_again (nothing new) and sync_changed (2 % of policies, and their members)."""
    fmo_id = tenants.fmo(place, "bench")
    report.say(f"Filling the book with {policies * 2:,} policies, half of them the Business's …")
    fill.book(place, fmo_id, policies=policies * 2, one_in=2)
    business_id = tenants.business(place, fmo_id, fill.NPN)
    ours: defaultdict[str, list[float]] = defaultdict(list)
    limits: defaultdict[str, list[float]] = defaultdict(list)

    def portal(step: str) -> None:
        ours[step].append(sync(place, fmo_id, business_id))
        if len(ours[step]) == 1 and step != "again":
            sync_limit.want(place.setup, business_id, f"wanted_{step}")

    def limit(step: str) -> None:
        wanted = "wanted_changed" if step == "changed" else "wanted_first"
        limits[step].append(sync_limit.bring(place.setup, fmo_id, fill.NPN, wanted))

    for number in range(rounds):
        # The first round must begin with ours, which makes the limit's rows; after it they take turns.
        for one in (portal, limit) if number % 2 == 0 else (limit, portal):
            _three_steps(place, fmo_id, one)
        said = ", ".join(f"{step} {ours[step][-1]:.2f} s beside {limits[step][-1]:.2f} s" for step in STEPS)
        report.say(f"Round {number + 1} of {rounds}, {policies:,} policies: {said}")
    for step in STEPS:
        report.figure("sync", f"sync_{step}", ours[step], limits[step], unit="s", goal=GOAL)


def _three_steps(place: Place, fmo_id: UUID, one: Callable[[str], None]) -> None:
    place.setup.execute(f"TRUNCATE {', '.join(sync_limit.TABLES)}, possible_duplicate CASCADE")
    for step in STEPS:
        if step == "changed":
            place.setup.execute(_CHANGE, (fmo_id, fill.NPN, _ONE_IN * 2))
            place.setup.execute(_MOVE)
        one(step)
    for statement in _BACK:
        place.setup.execute(statement)


def sync(place: Place, fmo_id: UUID, business_id: UUID) -> float:
    """Carry out one run of the Business as a worker does; the seconds it took."""
    with tenants.job(place, fmo_id, business_id):
        business = db.session.get_one(Business, (fmo_id, business_id))
        run_id = operations.request_run(business, "resync", by=scope.current())[0].id
    with tenants.job(place, fmo_id, business_id):
        begun = perf_counter()
        status = operations.execute(run_id)
        taken = perf_counter() - begun
    if status != "succeeded":
        raise RuntimeError(f"The run {status}.")
    return taken
