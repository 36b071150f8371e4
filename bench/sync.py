"""Policy Sync."""
from __future__ import annotations

from time import perf_counter
from uuid import UUID

from bench import tenants
from bench.servers import Place
from portal.businesses.models import Business
from portal.core import scope
from portal.extensions import db
from portal.sync import operations


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
