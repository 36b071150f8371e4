"""The log at ten million entries: what pages that follow somebody ask the database; what a list pays for its entry."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any
from uuid import UUID

from flask.testing import FlaskClient
from sqlalchemy import event

from bench import fill, log_fill, report, tenants
from bench.servers import Place
from bench.sync import sync
from portal.compliance.days import operations as days
from portal.core import access
from portal.core.scope import Role
from portal.extensions import db

AT_ONCE = 100.0  # ms that the statements of a page may take together
PAID = 1.25  # how many times as long a list may take with its entry
_WARM = 3
_BUSY = """
SELECT actor_id FROM access_entry WHERE fmo_id = %s AND role = %s AND at > now() - interval '30 days'
GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1
"""
_SEEN = """
SELECT member_ids[1] FROM access_entry WHERE fmo_id = %s AND business_id {of} %s AND action = 'contact.read'
ORDER BY at DESC LIMIT 1
"""
_USUAL = "SELECT business_id FROM access_entry WHERE fmo_id = %s AND business_id <> %s ORDER BY at DESC LIMIT 1"
_ONE = "SELECT {column} FROM access_entry WHERE fmo_id = %s AND {column} IS NOT NULL ORDER BY at DESC LIMIT 1"


def run(place: Place, *, entries: int = 10_000_000, rounds: int = 12, policies: int = 50_000) -> None:
    """Print the statements of each page below in ms, and what a list's entry costs: in all, rendering, and the rest."""
    fmo_id = tenants.fmo(place, "bench")
    report.say(f"Filling the log with {entries:,} entries …")
    log_fill.entries(place, fmo_id, number=entries)
    with place.app.app_context():
        report.say(f"{days.count(fmo_id)} days are counted.")
    place.setup.execute("VACUUM ANALYZE access_day")
    _pages(place, fmo_id, rounds)
    _entry(place, fmo_id, rounds * 5, policies)


def _pages(place: Place, fmo_id: UUID, rounds: int) -> None:
    officer = tenants.signed_in(place, fmo_id, Role.COMPLIANCE)
    spent: defaultdict[str, list[float]] = defaultdict(list)
    whole: defaultdict[str, list[float]] = defaultdict(list)
    addresses = _addresses(place, fmo_id)
    for number in range(_WARM + rounds):
        for name, address in addresses.items():
            with _statements(place) as took:
                begun = perf_counter()
                answer = officer.get(address)
                taken = (perf_counter() - begun) * 1000
            if answer.status_code != 200:
                raise RuntimeError(f"{address} answered {answer.status_code}")
            if number >= _WARM:
                spent[name].append(sum(took))
                whole[name].append(taken)
    for name in addresses:
        report.say(f"{name}: the page takes {sorted(whole[name])[len(whole[name]) // 2]:.0f} ms in all")
        report.figure("follow", name, spent[name], [AT_ONCE], unit="ms", goal=1.0)


def _addresses(place: Place, fmo_id: UUID) -> dict[str, str]:
    def one(sql: str, *values: object) -> str:
        row = place.setup.execute(sql, values).fetchone()
        assert row is not None
        return str(row[0])

    staff, agent = (one(_BUSY, fmo_id, role) for role in ("fmo_admin", "agent_admin"))
    big = one(f"SELECT {log_fill.known('business', 1)}")
    usual = one(_USUAL, fmo_id, big)
    member, busiest = (one(_SEEN.format(of=of), fmo_id, big) for of in ("<>", "="))
    session, run = (one(_ONE.format(column=column), fmo_id) for column in ("session_id", "run_id"))
    log, of = "/compliance/access", "/compliance"
    return {
        "person": f"{of}/people/{agent}",
        "person_busiest_ever": f"{of}/people/{staff}?days=all",
        "member": f"{of}/members/{member}",
        "member_busiest": f"{of}/members/{busiest}",
        "business": f"{of}/businesses/{usual}",
        "business_busiest": f"{of}/businesses/{big}",
        "business_busiest_ever": f"{of}/businesses/{big}?days=all",
        "run": f"{of}/runs/{run}",
        "charts": f"{of}/charts",
        "log": log,
        "log_member": f"{log}?member={member}",
        "log_business": f"{log}?business={big}",
        "log_session": f"{log}?session={session}",
        "log_refused": f"{log}?outcome=refused",
        "log_exports": f"{log}?action=exports",
        "log_member_by_one": f"{log}?member={busiest}&who={agent}",
    }


@contextmanager
def _statements(place: Place) -> Iterator[list[float]]:
    """How long each statement of the compliance login takes, in ms."""
    took: list[float] = []
    begun: list[float] = []

    def before(*_: Any) -> None:
        begun.append(perf_counter())

    def after(*_: Any) -> None:
        took.append((perf_counter() - begun.pop()) * 1000)

    with place.app.app_context():
        engine = db.engines["compliance"]
    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "after_cursor_execute", after)
    try:
        yield took
    finally:
        event.remove(engine, "before_cursor_execute", before)
        event.remove(engine, "after_cursor_execute", after)


def _entry(place: Place, fmo_id: UUID, rounds: int, policies: int) -> None:
    fill.book(place, fmo_id, policies=policies, one_in=10)
    business_id = tenants.business(place, fmo_id, fill.NPN)
    sync(place, fmo_id, business_id)
    place.setup.execute("VACUUM ANALYZE contact, crm_policy")
    agent = tenants.signed_in(place, fmo_id, Role.AGENT_ADMIN, business_id)
    took: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    for number in range(_WARM + rounds):
        for logged in (True, False) if number % 2 else (False, True):
            with _recorder(logged):
                measured = _in_two(agent, "/crm/contacts")
            if number >= _WARM:
                took[logged].append(measured)
    whole = {logged: [sum(one) for one in took[logged]] for logged in (True, False)}
    rendered = {logged: [one[0] for one in took[logged]] for logged in (True, False)}
    report.figure("follow", "list_with_entry", whole[True], whole[False], unit="ms", goal=PAID)
    report.figure("follow", "list_render_with_entry", rendered[True], rendered[False], unit="ms", goal=PAID)
    # What comes after the rendering, the entry and the commit, as a share of the whole list without an entry.
    kept = [one[1] for one in took[True]]
    report.figure("follow", "list_commit_with_entry", kept, whole[False], unit="ms", goal=round(PAID - 1, 2))


def _in_two(client: FlaskClient, address: str) -> tuple[float, float]:
    """How many ms a page takes until it is rendered, and from then on: its entry and the commit."""
    between: list[float] = []
    written = access.write_entries

    def noting(*given: Any, **named: Any) -> None:
        between.append(perf_counter())
        written(*given, **named)

    access.write_entries = noting
    try:
        begun = perf_counter()
        answer = client.get(address)
        ended = perf_counter()
    finally:
        access.write_entries = written
    if answer.status_code != 200:
        raise RuntimeError(f"{address} answered {answer.status_code}")
    return (between[0] - begun) * 1000, (ended - between[0]) * 1000


@contextmanager
def _recorder(logged: bool) -> Iterator[None]:
    """With the log as it is, or with one that keeps nothing."""
    held = list(access._recorder)
    if not logged:
        access.register_recorder(lambda *_: None)
    try:
        yield
    finally:
        access.register_recorder(held[0])
