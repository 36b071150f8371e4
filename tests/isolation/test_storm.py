"""Fifty browsers of every tenant at once over two connections a login, and every tenth request breaks half-way.

What a failed request leaves behind in a connection, in the session or in its thread would show here: as a word of
somebody else on a page, or as a setting of the last tenant on a connection that is handed out.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask, g, request
from sqlalchemy import Engine, event, text

from portal import factory
from portal.core import row_filter
from portal.core.scope import Role
from portal.extensions import db
from tests.isolation.ground import Actor, Ground
from tests.support.web import Browser, another_app, body_of, browser

pytestmark = pytest.mark.shared_data
THREADS, CONNECTIONS = 50, 2
FAULT = "X-Forced-Fault"
# What is forced, and what the browser gets: an exception of ours, a statement that fails, a connection that dies
# under the request, one that dies unseen until the end.
FAULTS = {"raise": 500, "statement": 500, "killed": 503, "killed unseen": 503}
HELD = "SELECT current_setting('portal.' || name, true) FROM unnest(%s::text[]) name"
NAMES = ["fmo_id", "business_id", "reach", "own_npn", "actor_id", "role"]
# Pages with rows of the actor's own: each shows the mark, which is made of the holder's name.
PAGES = {
    "agent": (
        ("/crm/contacts", "Qlast{}"),
        ("/crm/policies", "Qlast{}"),
        ("/crm/contacts/{contact}", "Qword{}"),
        ("/crm/policies/{crm_policy}", "Qplan{}"),
    ),
    "fmo": (
        ("/fmo/policies", "Qlast{}"),
        ("/fmo/policies/{policy}", "Qlast{}"),
        ("/fmo/members/{member}", "Qlast{}"),
        ("/fmo/agents/{agent}", "Qagent{}"),
    ),
    "counts": (("/fmo/businesses", "Qbusiness"), ("/fmo/businesses/{business}", "Qbusiness")),
    "compliance": (("/compliance/access", ""),),
}
COUNTS_ONLY = (Role.FMO_SUPPORT, Role.FMO_USERS)  # of the staff, who see no row of a member
_LAST = re.compile(r"Qlast([a-z]+)")


@dataclass(slots=True)
class Storm:
    """What was seen; anything in `wrong` is a breach or a fault of the machinery."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    handed_out: int = 0


@pytest.fixture(scope="module")
def narrow_app(setup_engine: Engine) -> Iterator[Flask]:
    """The application with two connections for each login and none beyond; errors are shown as pages."""
    kept = dict(factory.POOL)
    factory.POOL.update(pool_size=CONNECTIONS, max_overflow=0)
    with ExitStack() as made:
        try:
            app = made.enter_context(another_app())
        finally:
            factory.POOL.update(kept)
        _break_halfway(app, setup_engine)
        yield app


def _break_halfway(app: Flask, setup_engine: Engine) -> None:
    """Break every marked request when its rows are loaded and its page, or its part of one, is about to be made."""

    @app.context_processor
    def break_it() -> dict[str, Any]:
        fault = request.headers.get(FAULT)
        if fault is None or "broken" in g:
            return {}  # the page of the error itself is made in peace
        g.broken = True
        if fault == "raise":
            raise RuntimeError("forced")
        if fault == "statement":
            db.session.execute(text("SELECT 1 / 0"))
        backend = db.session.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with setup_engine.connect() as connection:
            connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": backend})
        if fault == "killed":
            db.session.execute(text("SELECT 1"))
        return {}


def _watch(app: Flask, storm: Storm) -> None:
    """Look at every connection that is handed out: nothing of the tenant before may be left in it."""

    def look(raw: Any, record: Any, proxy: Any) -> None:
        storm.handed_out += 1
        with raw.cursor() as cursor:
            left = [value for (value,) in cursor.execute(HELD, (NAMES,)).fetchall() if value]
        raw.rollback()
        if left:
            storm.wrong.append(f"a connection was handed out with {left}")

    with app.app_context():
        for engine in db.engines.values():
            event.listen(engine, "checkout", look)


def _ask(
    storm: Storm, client: Browser, actor: Actor, ground: Ground, number: int, visit: tuple[str, str], fault: str | None
) -> None:
    assert actor.user is not None
    path, mark = visit[0].format(**ground.holders[actor.own]), visit[1].format(actor.own)
    answer = client.get(path, headers={FAULT: fault} if fault else {}, htmx=number % 3 == 0)
    body, who = body_of(answer), f"{number}: {actor.name} at {path} with {fault or 'no fault'}"
    storm.answers[fault or "none", answer.status_code] += 1
    if answer.status_code != (FAULTS[fault] if fault else 200):
        storm.wrong.append(f"{who}: {answer.status}")
    if foreign := [word for word in actor.forbidden if word in body]:
        storm.wrong.append(f"{who}: {foreign}")
    if fault and _LAST.search(body):
        storm.wrong.append(f"{who}: a page that failed shows rows")
    if not fault and mark not in body:
        storm.wrong.append(f"{who}: the own row is not there")


def _pages(role: Role) -> tuple[tuple[str, str], ...]:
    return PAGES["counts" if role in COUNTS_ONLY else role.login.value]


def _plan(actors: list[Actor], requests: int) -> list[tuple[Actor, tuple[str, str], str | None]]:
    """Who asks for what, and what breaks: neighbours are of different tenants, every thread's tenth request fails."""
    pages = [[(actor, visit) for visit in _pages(actor.user.role)] for actor in actors if actor.user]
    visits = [one for row in itertools.zip_longest(*pages) for one in row if one is not None]
    faults = itertools.cycle(FAULTS)
    breaks = [(number // THREADS + number) % 10 == 9 for number in range(requests)]
    return [(*visits[number % len(visits)], next(faults) if breaks[number] else None) for number in range(requests)]


def _run(app: Flask, ground: Ground, requests: int) -> Storm:
    storm = Storm()
    _watch(app, storm)
    actors = [actor for actor in ground.actors.values() if actor.user is not None]
    plan = _plan(actors, requests)

    def browse(thread: int) -> None:
        clients = {actor.name: browser(app, actor.user) for actor in actors}
        for number in range(thread, requests, THREADS):
            actor, visit, fault = plan[number]
            # Every other round has the wall alone, so that what it holds is not hidden by the filter before it.
            with row_filter.off_for_tests() if number // THREADS % 2 else nullcontext():
                _ask(storm, clients[actor.name], actor, ground, number, visit, fault)

    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(browse, thread) for thread in range(THREADS)]:
            done.result()
    return storm


def _holds(app: Flask, storm: Storm, requests: int) -> None:
    assert not storm.wrong, f"{len(storm.wrong)} wrong of {requests}, as {storm.wrong[:5]}"
    assert sum(storm.answers.values()) == requests
    failed = {fault: count for (fault, _), count in storm.answers.items() if fault != "none"}
    assert set(failed) == set(FAULTS) and sum(failed.values()) == requests // 10
    assert storm.handed_out > requests, "the connections were looked at"
    with app.app_context():
        for name, engine in db.engines.items():
            assert engine.pool.checkedout() == 0, f"{name}: every connection came back"  # type: ignore[attr-defined]  # a QueuePool


def test_fifty_at_once_see_their_own_rows_only(narrow_app: Flask, ground: Ground) -> None:
    _holds(narrow_app, _run(narrow_app, ground, 600), 600)


@pytest.mark.deep
@pytest.mark.timeout(600)
def test_five_thousand_requests_see_their_own_rows_only(
    narrow_app: Flask, setup_engine: Engine, ground: Ground
) -> None:
    _holds(narrow_app, _run(narrow_app, ground, 5000), 5000)
