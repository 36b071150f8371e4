"""The officer's page about the seals: how the chain stands, what the last verification found, and a new one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request, url_for

from portal.compliance import asked
from portal.compliance import queries as log
from portal.compliance.models import AccessEntry
from portal.compliance.seals import events, pack, queries, runs, signing
from portal.core import access, clock, csv_file, scope
from portal.core.fragments import fragment, go, live, page
from portal.core.lookup import find_or_404
from portal.core.permissions import Permission, allow
from portal.extensions import db

bp = Blueprint("seals", __name__, url_prefix="/compliance/seal")
STOP_ASKING = 286  # htmx asks no more after an answer of this status
MOST_PACKED = 10_000  # entries in one pack
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


@bp.get("/pack.zip")
@allow(Permission.ACCESS_EXPORT, events.PACKED, fresh=True)
def evidence() -> Response:
    """The entries of the log's present filter with what proves them, to be checked without the portal."""
    wanted = asked.read(url_for("compliance.log"), request.args)
    ids = [entry.id for entry in log.newest(wanted, MOST_PACKED)]
    member = wanted.id("member")
    members = {member} if member else None
    about: dict[str, Any] = {"members": members, "filters": sorted(wanted.args)}
    return _packed(ids, f"evidence-{clock.today().isoformat()}.zip", wanted.href(), **about)


@bp.get("/entries/<uuid:entry_id>/pack.zip")
@allow(Permission.ACCESS_EXPORT, events.PACKED, fresh=True)
def evidence_of_one(entry_id: UUID) -> Response:
    """One entry with what proves it, to be checked without the portal."""
    found = find_or_404(AccessEntry, entry_id)
    place = url_for("compliance.entry", entry_id=found.id)
    return _packed([found.id], f"evidence-{found.id}.zip", place, ids=[found.id])


def _packed(entries: Sequence[UUID], name: str, back_href: str, **about: Any) -> Response:
    try:
        made = pack.make(db.session(), scope.fmo_id(), entries)
    except pack.TooMuch:
        return page("compliance/seals/too_much.html", status=409, most=pack.MOST_LEAVES, back_href=back_href)
    access.record(events.PACKED, kind="access_entry", count=len(entries), **about)
    return csv_file.download(made, name, "application/zip")
