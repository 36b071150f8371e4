"""How long a refused sign-in takes, for every reason that there is: no time may tell which one it was."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from time import perf_counter

from flask import Flask
from sqlalchemy import select, update

from bench import report
from bench.servers import Place
from portal.core import clock
from portal.core.scope import Role
from portal.core.session import open_session
from portal.identity import accounts
from portal.identity.models import Credential, User
from portal.identity.sessions import IDENTITY_SCOPE

KINDS = ("unknown", "wrong", "locked", "deactivated", "invited", "without_password")
GOAL = 1.15
_PASSWORD = "seven slow barges at dusk"


def run(place: Place, *, rounds: int = 30) -> None:
    """Print each kind's median beside that of an unknown name; the slowest and the quickest lie within the goal."""
    prepare(place.app)
    measured = sample(place.app, rounds=rounds)
    for kind in KINDS:
        ours = [seconds * 1000 for seconds in measured[kind]]
        limit = [seconds * 1000 for seconds in measured["unknown"]]
        report.figure("doors", f"refused_{kind}", ours, limit, unit="ms", goal=GOAL)


def prepare(app: Flask) -> None:
    """An FMO with a person of every kind."""
    with app.app_context():
        fmo = accounts.add_fmo("doors", "Doors of the benchmark")
        for kind in ("wrong", "locked", "deactivated"):
            accounts.add_officer("doors", _email(kind), Role.FMO_ADMIN, "Bench", kind, _PASSWORD)
        accounts.deactivate(_email("deactivated"))
        with open_session(IDENTITY_SCOPE) as work:
            for kind, state in (("invited", "invited"), ("without_password", "active")):
                names = {"first_name": "Bench", "last_name": kind}
                work.add(User(fmo_id=fmo.id, email=_email(kind), **names, role=Role.FMO_ADMIN, state=state))


def sample(app: Flask, *, rounds: int, warm: int = 3) -> dict[str, list[float]]:
    """Seconds of `rounds` refused sign-ins of each kind, in turns."""
    client, found = app.test_client(), defaultdict[str, list[float]](list)
    page = client.get("/login").get_data(as_text=True)
    token = page.partition('name="csrf_token"')[2].partition('value="')[2].partition('"')[0]
    for number in range(warm + rounds):
        _as_before(app)
        for kind in KINDS:
            sent = {"email": _email(kind), "password": f"a wrong one {number}", "csrf_token": token}
            place = {"REMOTE_ADDR": f"198.51.100.{number % 250}"}
            begun = perf_counter()
            answer = client.post("/login", data=sent, environ_base=place)
            taken = perf_counter() - begun
            if answer.status_code != 422:
                raise RuntimeError(f"The sign-in of {kind} answered {answer.status_code}.")
            if number >= warm:
                found[kind].append(taken)
    return found


def _as_before(app: Flask) -> None:
    """Nobody gets locked by being measured, and who is locked stays so."""
    with app.app_context(), open_session(IDENTITY_SCOPE) as work:
        work.execute(update(Credential).values(failed_count=0))
        locked = Credential.id.in_(select(User.id).where(User.email == _email("locked")))
        work.execute(update(Credential).where(locked).values(locked_until=clock.now() + timedelta(hours=1)))


def _email(kind: str) -> str:
    return f"{kind}@doors.example"
