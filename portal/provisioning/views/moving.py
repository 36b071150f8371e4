"""[Agent CRM] Move Agent to Another Business, on an agent, an agency or a Business."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Response, flash, request, url_for

from portal.businesses import operations as businesses
from portal.businesses import queries as accounts
from portal.businesses.models import Business
from portal.core import scope
from portal.core.fragments import go, page
from portal.core.ids import parse_id
from portal.core.lookup import find_or_404
from portal.core.paging import read_query
from portal.core.permissions import Permission, allow
from portal.core.scope import Role
from portal.core.sent import passes_over
from portal.core.words import counted
from portal.downline import queries as downline
from portal.downline.models import Producer
from portal.downline.views import address_of
from portal.downline.views.records import record_of
from portal.provisioning import queries
from portal.provisioning.forms.moving import MoveForm
from portal.provisioning.operations import moving
from portal.provisioning.operations.moving import MOVE, Gone, Moved
from portal.provisioning.views import LABELS, bp
from portal.sync import operations as sync


@dataclass(frozen=True, slots=True)
class Way:
    """From which of its accounts a record is moved, and into which."""

    agent: Producer
    held: Sequence[Business]
    origin: Business | None
    target: Business | None

    @property
    def here(self) -> str:
        return url_for("provisioning.move_agent", kind=self.agent.kind, record_id=self.agent.id)

    @property
    def runs(self) -> bool:
        """Whether a run may start in the new account."""
        return self.target is not None and self.target.sync_enabled and not accounts.agreement(self.target).blocked


def _way(kind: str, record_id: UUID, origin: str | None, chosen: str | None) -> Way:
    """What is chosen so far; an id that is not the actor's own gives the logged 404 like any foreign record."""
    agent = record_of(kind, record_id)
    first, second = parse_id(origin or ""), parse_id(chosen or "")
    held = accounts.by_npn(agent.npn)
    known = find_or_404(Business, first) if first else held[0] if len(held) == 1 else None
    target = find_or_404(Business, second) if second else None
    return Way(agent, held, known if known in held else None, target if target != known else None)


def _form(way: Way, **given: Any) -> MoveForm:
    form = MoveForm(**given)
    outside = way.target is not None and queries.is_outside(way.target, way.agent)
    form.keep(outside=outside, enabled=way.runs)
    return form


def _prefilled(way: Way) -> dict[str, Any]:
    known = {"origin": str(way.origin.id) if way.origin else "", "chosen": str(way.target.id) if way.target else ""}
    return {**known, "role": Role.AGENT_LIMITED.value}


def _page(way: Way, form: MoveForm, status: int = 200) -> Response:
    asked = read_query(request.path, request.args, filters=("q",), sorts=("name",), default="name")
    both = way.origin is not None and way.target is not None
    return page(
        "provisioning/move.html",
        block="found" if "q" in request.args else "content",
        status=status,
        form=form,
        way=way,
        label=LABELS[MOVE],
        typed=request.args.get("q", ""),
        found=[one for one in queries.accounts(asked, way.agent) if one != way.origin],
        agreement=accounts.agreement(way.target) if way.target else None,
        ahead=moving.prospect(way.agent, way.origin, way.target) if both and way.origin and way.target else None,
        back=address_of(way.agent),
    )


@bp.get("/move-agent/<kind>/<uuid:record_id>")
@allow(Permission.PROVISION)
def move_agent(kind: str, record_id: UUID) -> Response:
    """On a Business: whom to move. Else from where and where to, then what would happen."""
    if kind == "business":
        business = find_or_404(Business, record_id)
        npns = accounts.npns_of(business.id)
        owners = downline.by_npns(one.npn for one in npns)
        return page("provisioning/move_choose.html", business=business, npns=npns, owners=owners, label=LABELS[MOVE])
    way = _way(kind, record_id, request.args.get("origin"), request.args.get("chosen"))
    return _page(way, _form(way, data=_prefilled(way)))


@bp.post("/move-agent/<kind>/<uuid:record_id>")
@allow(Permission.PROVISION)
@passes_over("shown")
def complete_move_agent(kind: str, record_id: UUID) -> Response:
    """Move the agent and go to the new account; on a Business somebody must be chosen first."""
    if kind == "business":
        business = find_or_404(Business, record_id)
        return go(url_for("provisioning.move_agent", kind=kind, record_id=business.id))
    way = _way(kind, record_id, request.form.get("origin"), request.form.get("chosen"))
    form = _form(way)
    if way.origin is None or way.target is None:
        flash("The agent is no longer in that account, so nothing was moved. Choose again.", "error")
        return go(way.here)
    if not form.validate_on_submit():
        return _page(way, form, status=422)
    try:
        moved = _move(way, way.origin, way.target, form)
    except businesses.Refused as refusal:
        form[refusal.field].errors = [*form[refusal.field].errors, str(refusal)]
        return _page(way, form, status=422)
    except Gone:
        flash("The agent is no longer in that account, so nothing was moved. Choose again.", "error")
        return go(way.here)
    flash(_told(moved, way.agent, way.origin, way.target))
    return go(url_for("businesses.business", record_id=way.target.id))


def _move(way: Way, origin: Business, target: Business, form: MoveForm) -> Moved:
    sync_now = bool(form.sync_now and form.sync_now.data)
    npns = [*(one.npn for one in accounts.npns_of(target.id)), way.agent.npn]
    return moving.move(
        producer=way.agent,
        origin=origin,
        target=target,
        role=Role(form.role.data),
        reason=form.reason.data,
        sync_now=sync_now,
        by=scope.current(),
        expected=sync.rehearse(npns=npns, business_id=target.id).as_json() if sync_now else None,
    )


def _told(moved: Moved, agent: Producer, origin: Business, target: Business) -> str:
    policies = f"{counted(moved.released, 'policy', 'policies')} left {origin.name}."
    said = f"{agent.name} is moved to {target.name}. {policies}"
    if moved.started:
        return f"{said} Their policies are being copied into the new account."
    if moved.run is not None:
        return f"{said} A run is under way; another one follows it by itself for the new NPN."
    return f"{said} Their policies come into the new account with its next run."
