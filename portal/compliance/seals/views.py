"""The officer's page about the seals: how the chain stands, what the last verification found, and a new one."""

from __future__ import annotations

from flask import Blueprint, Response, url_for

from portal.compliance.seals import events, queries, runs, signing
from portal.core.fragments import fragment, go, live, page
from portal.core.permissions import Permission, allow

bp = Blueprint("seals", __name__, url_prefix="/compliance/seal")
STOP_ASKING = 286  # htmx asks no more after an answer of this status
SHOWN = 200  # faults on the page; the command prints all


@bp.get("")
@allow(Permission.ACCESS_READ, events.SEEN)
def seal() -> Response:
    """The newest seal, what waits, and the verifications."""
    past = queries.checks()
    last = next((check for check in past if check.ended_at), None)
    return page(
        "compliance/seals/seal.html",
        state=queries.state(),
        checks=past,
        last=last,
        shown=SHOWN,
        running=queries.under_way(),
        public_keys={key_id: key.hex() for key_id, key in signing.public_keys().items()},
    )


@bp.post("/verify")
@allow(Permission.ACCESS_READ)
def verify() -> Response:
    """Have the FMO's log verified; while one is under way, that one is shown."""
    runs.order()
    return go(url_for("seals.seal"))


@bp.get("/progress")
@allow(Permission.ACCESS_READ)
@live
def progress() -> Response:
    """How far the verification is; at its end the way to what it found."""
    running = queries.under_way()
    return fragment("compliance/seals/_progress.html", running=running, status=200 if running else STOP_ASKING)
