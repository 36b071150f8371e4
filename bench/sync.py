"""Policy Sync of a large and a small account out of a large book, under row security, beside what it could be at best.

Three steps, each timed from a worker's beginning to its commit: the first run, one with nothing new, and one after
2 % of the policies and their members have changed. The limit is one bare set of statements that looks at the whole
account and writes the same rows; beside it an ORM that does the same work in bulk, and one that goes row by row. What
tidies up after a commit (statistics, visibility) is timed for nobody and done for all.
"""

from __future__ import annotations

import resource
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from unittest import mock
from uuid import UUID

from bench import fill, report, sync_limit, sync_orm, tenants
from bench.servers import Place
from portal.businesses.models import Business
from portal.core import scope
from portal.extensions import db
from portal.sync import operations
from portal.sync.expected import Expected
from portal.sync.statements import locks

STEPS = ("first", "again", "changed")
# First: the statements and a quarter. Later: what looking at everything would take, and a fraction of it.
GOALS = {"first": 1.25, "again": 0.05, "changed": 0.25}
LOOP_GOAL, BULK_GOAL = 1 / 35, 1 / 3
REHEARSAL_GOAL, MEMORY_GOAL = 2.0, 30.0  # seconds for a page; megabytes more for fifty times the policies
_ONE_IN = 50  # how many policies there are to each that changes: 2 %
_CHANGE = """
UPDATE policy SET content_hash = 'x' || content_hash, batch = 2
WHERE fmo_id = %s AND writing_npn = %s AND source_row %% %s = %s
"""
# As a feed leaves it: with a member, every policy of theirs gets the number.
_MOVE = (
    (
        "UPDATE member m SET city = 'Waco', batch = 2 FROM policy p"
        " WHERE p.fmo_id = m.fmo_id AND p.member_id = m.id AND p.content_hash LIKE 'x%'"
    ),
    (
        "UPDATE policy p SET batch = 2 FROM member m"
        " WHERE m.fmo_id = p.fmo_id AND m.id = p.member_id AND m.batch = 2 AND p.batch <> 2"
    ),
)
_BACK = (
    "UPDATE policy SET content_hash = substr(content_hash, 2) WHERE content_hash LIKE 'x%'",
    "UPDATE policy SET batch = 1 WHERE batch = 2",
    "UPDATE member SET city = 'Lima', batch = 1 WHERE city = 'Waco'",
    "UPDATE business_npn SET synced_batch = NULL",
    "VACUUM ANALYZE policy, member",
)


def run(place: Place, *, book: int = 1_000_000, large: int = 50_000, small: int = 1_000, rounds: int = 3) -> None:
    """Print sync_first, sync_again and sync_changed of both sizes, and what ORMs, a rehearsal and memory make of it."""
    fmo_id = tenants.fmo(place, "bench")
    report.say(f"Filling the book with {book:,} policies …")
    fill.book(place, fmo_id, policies=book, one_in=book // large, small_one_in=book // small)
    sizes = [(fill.SMALL_NPN, small, book // small, 1), (fill.NPN, large, book // large, 0)]
    accounts = [Account(place, fmo_id, *size) for size in sizes]
    firsts, peaks = [], []
    for account in accounts:
        # A tenth of a second is easily disturbed, and the first round warms the process up for both.
        firsts.append(_measure(account, rounds if account.policies > 10_000 else 3 * rounds))
        peaks.append(_peak())
    report.figure("sync", "sync_memory_mb", [peaks[1] - peaks[0]], [MEMORY_GOAL], unit="MB", goal=1.0)
    for account, first in zip(accounts, firsts, strict=True):
        _orms(account, first)
        _rehearsal(account)


class Account:
    """A Business, its NPN and where its changes are among the rows of the book."""

    def __init__(self, place: Place, fmo_id: UUID, npn: str, policies: int, one_in: int, rest: int) -> None:
        self.place, self.fmo_id, self.npn, self.policies = place, fmo_id, npn, policies
        self.one_in, self.rest = one_in, rest
        self.business_id = tenants.business(place, fmo_id, npn)

    def change(self) -> None:
        """Let 2 % of the policies and their members change."""
        self.place.setup.execute(_CHANGE, (self.fmo_id, self.npn, _ONE_IN * self.one_in, self.rest))
        for statement in _MOVE:
            self.place.setup.execute(statement)

    def empty(self) -> None:
        """Take the account and the changes back."""
        tables = ", ".join((*sync_limit.TABLES, "possible_duplicate"))
        self.place.setup.execute(f"TRUNCATE {tables} CASCADE")
        for statement in _BACK:
            self.place.setup.execute(statement)

    def settle(self) -> None:
        """What autovacuum and a worker do after a commit."""
        self.place.setup.execute(f"VACUUM ANALYZE {', '.join(sync_limit.TABLES)}")


Times = defaultdict[str, list[float]]


def _measure(account: Account, rounds: int) -> list[float]:
    """Print the three steps beside the limit; the times of the first one."""
    ours, limits = Times(list), Times(list)
    for number in range(rounds):
        # The first round must begin with ours, which makes the limit's rows; after it they take turns.
        for portal in (True, False) if number % 2 == 0 else (False, True):
            _three_steps(account, ours if portal else limits, portal=portal)
        said = ", ".join(f"{step} {ours[step][-1]:.3f} s beside {limits[step][-1]:.3f} s" for step in STEPS)
        report.say(f"Round {number + 1} of {rounds}, {account.policies:,} policies: {said}")
    for step in STEPS:
        name = f"sync_{step}_{account.policies}"
        report.figure("sync", name, ours[step], limits[step], unit="s", goal=GOALS[step])
    return ours["first"]


def _three_steps(account: Account, times: Times, *, portal: bool) -> None:
    account.empty()
    for step in STEPS:
        if step == "changed":
            account.change()
        if portal:
            times[step].append(sync(account.place, account.fmo_id, account.business_id))
            if len(times[step]) == 1 and step != "again":
                sync_limit.want(account.place.setup, account.business_id, _wanted(account, step))
        else:
            wanted = _wanted(account, "first" if step == "again" else step)
            times[step].append(_limit(account, wanted))
        account.settle()


def _limit(account: Account, wanted: str) -> float:
    return sync_limit.bring(account.place.setup, account.fmo_id, account.npn, wanted, account.policies)


def _wanted(account: Account, step: str) -> str:
    return f"wanted_{step}_{account.policies}"


def _orms(account: Account, ours: list[float]) -> None:
    """The first run by an ORM: in bulk, and row by row where that ends within the day."""
    ways = {"bulk": (sync_orm.in_bulk, BULK_GOAL)}
    if account.policies <= 2_000:
        ways["loop"] = (sync_orm.row_by_row, LOOP_GOAL)
    for name, (way, goal) in ways.items():
        account.empty()
        taken = way(account.place, account.fmo_id, account.business_id, account.npn)
        figure = f"sync_first_{account.policies}_beside_orm_{name}"
        report.figure("sync", figure, ours, [taken], unit="s", goal=round(goal, 4))


def _rehearsal(account: Account) -> None:
    """What a page waits for before Complete: of an account that is not there yet, and of one that is in step."""
    account.empty()
    taken = [_rehearse(account, None) for _ in range(3)]
    report.figure("sync", f"rehearse_first_{account.policies}", taken, [REHEARSAL_GOAL], unit="s", goal=1.0)
    sync(account.place, account.fmo_id, account.business_id)
    account.settle()
    taken = [_rehearse(account, account.business_id) for _ in range(3)]
    report.figure("sync", f"rehearse_again_{account.policies}", taken, [REHEARSAL_GOAL], unit="s", goal=1.0)


def _rehearse(account: Account, business_id: UUID | None) -> float:
    with tenants.job(account.place, account.fmo_id):
        begun = perf_counter()
        told: Expected = operations.rehearse(npns=[account.npn], business_id=business_id)
        taken = perf_counter() - begun
    if told.policies != account.policies:
        raise RuntimeError(f"The rehearsal told {told.policies} policies and not {account.policies}.")
    return taken


def _peak() -> float:
    """The most memory this process ever had, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextmanager
def _until_committed() -> Iterator[None]:
    with mock.patch.object(locks, "settle"):
        yield


def sync(place: Place, fmo_id: UUID, business_id: UUID) -> float:
    """Carry out one run of the Business as a worker does; the seconds until it was committed."""
    with tenants.job(place, fmo_id, business_id):
        business = db.session.get_one(Business, (fmo_id, business_id))
        run_id = operations.request_run(business, "resync", by=scope.current())[0].id
    with tenants.job(place, fmo_id, business_id), _until_committed():
        begun = perf_counter()
        status = operations.execute(run_id)
        taken = perf_counter() - begun
    if status != "succeeded":
        raise RuntimeError(f"The run {status}.")
    return taken
