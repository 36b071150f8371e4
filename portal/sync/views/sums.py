"""It adds up: the book against all accounts, and every account's expected against actual."""

from __future__ import annotations

from flask import Response, request

from portal.businesses import queries as businesses
from portal.core import scope
from portal.core.fragments import page
from portal.core.paging import read_query, slice_of
from portal.core.permissions import Permission, allow
from portal.downline import queries as downline
from portal.sync.sums import queries
from portal.sync.sums.statements import count, strays
from portal.sync.sums.words import PARTS
from portal.sync.views import bp


@bp.get("/fmo/sums")
@allow(Permission.SUMS_READ)
def sums() -> Response:
    """The equation with its mark, and the accounts, those with the largest difference first. Counts alone."""
    asked = read_query(request.path, request.args, filters=(), sorts=queries.SORTS, default="-difference")
    tally = count(scope.fmo_id())
    return page(
        "why/sums.html",
        block="results",
        sum=tally.sum(),
        listing=queries.accounts(tally, asked),
        parts=PARTS,
        strays=strays(scope.fmo_id()) if request.args.get("check") else None,
    )


@bp.get("/fmo/sums/npns")
@allow(Permission.SUMS_READ)
def sums_of_npns() -> Response:
    """One part of the sum by NPN, the most policies first."""
    asked = read_query(request.path, request.args, filters=("part",), sorts=("policies",), default="-policies")
    part = asked.args.get("part", "")
    kind = part if part in PARTS else "outside"
    tally = count(scope.fmo_id())
    listing = slice_of(tally.of_kind(kind), asked)
    holders = {npn: tally.owners.get(npn, []) for npn, _ in listing.items}
    return page(
        "why/npns.html",
        block="results",
        listing=listing,
        part=PARTS[kind],
        agents=downline.by_npns(npn for npn, _ in listing.items),
        holders=holders,
        accounts=businesses.by_ids(one for ids in holders.values() for one in ids),
    )
