"""The list pages at a million policies, through the whole application, beside the same page rendered from memory."""

from __future__ import annotations

from collections import defaultdict
from time import perf_counter
from uuid import UUID

from flask.testing import FlaskClient

from bench import fill, memory, report, tenants
from bench.servers import Place
from bench.sync import sync
from portal.core.scope import Role

GOAL = 3.0
_WARM = 5


def run(place: Place, *, policies: int = 1_000_000, own: int = 50_000, rounds: int = 60) -> None:
    """Print a figure for each of the pages below; `own` of the policies are in the Business."""
    fmo_id = tenants.fmo(place, "bench")
    report.say(f"Filling the book with {policies:,} policies …")
    fill.book(place, fmo_id, policies=policies, one_in=policies // own)
    business_id = tenants.business(place, fmo_id, fill.NPN)
    sync(place, fmo_id, business_id)
    place.setup.execute("VACUUM ANALYZE")
    pages = _pages(place, fmo_id, business_id)
    copies = {name: memory.copy_of(place, client, address) for name, (client, address) in pages.items()}
    ours: defaultdict[str, list[float]] = defaultdict(list)
    limits: defaultdict[str, list[float]] = defaultdict(list)
    for number in range(_WARM + rounds):
        for name, (client, address) in pages.items():
            measured = _seconds(client, address), _seconds(copies[name], address)
            if number >= _WARM:
                ours[name].append(measured[0] * 1000)
                limits[name].append(measured[1] * 1000)
    for name in pages:
        report.figure("pages", name, ours[name], limits[name], unit="ms", goal=GOAL)


def _pages(place: Place, fmo_id: UUID, business_id: UUID) -> dict[str, tuple[FlaskClient, str]]:
    admin = tenants.signed_in(place, fmo_id, Role.FMO_ADMIN)
    agent = tenants.signed_in(place, fmo_id, Role.AGENT_ADMIN, business_id)
    found = {}
    for whose, client in (("fmo", admin), ("crm", agent)):
        first = f"/{whose}/policies"
        found[f"{whose}_first"] = (client, first)
        found[f"{whose}_deep"] = (client, f"{first}?page=200")
        found[f"{whose}_npn"] = (client, f"{first}?npn={fill.NPN}")
        searched = client.post(f"{first}/search", data={"q": "bafenw"})
        found[f"{whose}_search"] = (client, searched.headers["Location"])
    return found


def _seconds(client: FlaskClient, address: str) -> float:
    begun = perf_counter()
    answer = client.get(address)
    taken = perf_counter() - begun
    if answer.status_code != 200:
        raise RuntimeError(f"{address} answered {answer.status_code}")
    return taken
