"""Saying whose the policies of a group are: one decision, from then on; and of a single policy, by hand."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from flask import Response, flash, request, url_for

from portal.book import held_words
from portal.book import queries as book
from portal.book import words as book_words
from portal.book.attributions import queries as attributions
from portal.book.attributions.operations import attribute
from portal.book.models import Policy
from portal.businesses import queries as businesses
from portal.core import scope
from portal.core.fragments import go, page
from portal.core.ids import parse_id
from portal.core.lookup import find_or_404
from portal.core.permissions import Permission, allow
from portal.core.transaction import not_yours
from portal.core.words import counted
from portal.downline import operations as crosswalk
from portal.downline import queries as downline
from portal.downline.models import Producer
from portal.downline.operations import Refused
from portal.sync import unattributed as loose
from portal.sync.events import LOOSE_SEEN
from portal.sync.unattributed import Group
from portal.sync.views import bp

NAMED, OFFERED = ("carrier", "kind", "value", "name"), 25
GONE = "No policy of this group is without a writing agent any more. Nothing was changed."


@bp.get("/fmo/unattributed/group")
@allow(Permission.BOOK_READ, LOOSE_SEEN)
def unattributed_group() -> Response:
    """One group: who it may be, and before the click what a decision would do."""
    asked = {key: request.args[key] for key in (*NAMED, "q", "valid_from") if request.args.get(key)}
    agent = _agent(request.args.get("agent"))
    group = _group(asked)
    if group is None:
        if agent is None:
            return go(url_for("sync.unattributed"))
        return page("why/attributed.html", agent=agent, accounts=businesses.by_npn(agent.npn))
    return _group_page(group, agent, asked)


@bp.post("/fmo/unattributed/group")
@allow(Permission.BOOK_ATTRIBUTE, LOOSE_SEEN)
def attribute_group() -> Response:
    """Let the group be the chosen agent's, now and from now on."""
    asked = {key: request.form[key] for key in (*NAMED, "valid_from") if request.form.get(key)}
    agent, group = _agent(request.form.get("agent")), _group(asked)
    if agent is None or group is None:
        flash(GONE, "error")
        return go(url_for("sync.unattributed"))
    day, problem = _day(asked.get("valid_from"))
    if group.kind is None and not request.form.get("confirmed"):
        problem = "Tick the box: a name alone is no proof, and nobody checks it after you."
    if problem:
        return _group_page(group, agent, asked, problem=problem, status=422)
    if group.kind is None:
        mine = attributions.loose_policies(group.carrier, group.name or "")
        moved = attribute(mine, agent, by=scope.current())
    else:
        try:
            _add_line(group, agent, day)
        except Refused as refused:
            return _group_page(group, agent, asked, problem=str(refused), status=422)
        after = _group(asked)
        moved = group.policies - (after.policies if after else 0)
    flash(f"{counted(moved, 'policy is', 'policies are')} attributed to {agent.name} now; later files follow.")
    there: dict[str, Any] = {**asked, "agent": agent.id}
    return go(url_for("sync.unattributed_group", **there))


def _add_line(group: Group, agent: Producer, day: date | None) -> None:
    told: dict[str, Any] = {"carrier": group.carrier, "kind": group.kind, "value": group.value, "npn": agent.npn}
    told |= {"shown": group.shown or "kept encoded", "valid_from": day.isoformat() if day else None, "valid_to": None}
    crosswalk.add_line(agent, told)


def _group(asked: dict[str, str]) -> Group | None:
    carrier, kind = asked.get("carrier", ""), asked.get("kind")
    if not carrier or not (asked.get("value") if kind else asked.get("name")):
        return None
    return loose.group_of(carrier, kind, asked.get("value"), asked.get("name"))


def _agent(agent_id: str | None) -> Producer | None:
    if not agent_id:
        return None
    wanted = parse_id(agent_id)
    found = downline.by_id(wanted)
    if found is None:
        not_yours(asked_for=wanted)
    return found


def _day(text: str | None) -> tuple[date | None, str | None]:
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        return None, "Enter the first day as a date, or leave it empty."
    if day is not None and not 1900 <= day.year <= 2200:
        return None, "Enter a year between 1900 and 2200."
    return day, None


def _found(typed: str) -> list[Producer]:
    if not typed:
        return []
    return [one for kind in ("agent", "agency") for one in downline.found(typed, OFFERED, kind=kind)]


def _group_page(
    group: Group, agent: Producer | None, asked: dict[str, str], *, problem: str | None = None, status: int = 200
) -> Response:
    day, wrong = _day(asked.get("valid_from"))
    lines = loose.lines_of(group)
    policies = [] if group.kind else attributions.loose_policies(group.carrier, group.name or "")
    moving = loose.moving(group, day) if group.kind else len(policies)
    waits = book.attribution_that_waits(group.carrier, agent.npn, moving) if agent else None
    return page(
        "why/group.html",
        status=status,
        group=group,
        agent=agent,
        problem=problem or wrong,
        valid_from=asked.get("valid_from", ""),
        typed=asked.get("q", ""),
        likely=loose.likely(group),
        found=_found(asked.get("q", "")),
        lines=lines,
        owners=downline.by_npns(line.npn for line in lines),
        moving=moving,
        waits=held_words.beyond_alone(waits) if waits else None,
        alone=waits is not None and book.other_admins(scope.current().actor_id) == 0,
        accounts=businesses.by_npn(agent.npn) if agent else [],
        policies=policies[:OFFERED],
        members=book.members_of(policies[:OFFERED]),
        most=attributions.MOST,
        book_words=book_words,
    )


@bp.get("/fmo/unattributed/policy/<uuid:policy_id>")
@allow(Permission.BOOK_READ, LOOSE_SEEN)
def attribute_policy(policy_id: UUID) -> Response:
    """Who may have written this one policy."""
    return _policy_page(find_or_404(Policy, policy_id))


@bp.post("/fmo/unattributed/policy/<uuid:policy_id>")
@allow(Permission.BOOK_ATTRIBUTE, LOOSE_SEEN)
def give_policy(policy_id: UUID) -> Response:
    """Say it by hand."""
    policy, agent = find_or_404(Policy, policy_id, to_change=True), _agent(request.form.get("agent"))
    if agent is None or policy.writing_npn is not None:
        flash("This policy has a writing agent by now, or no agent was chosen. Nothing was changed.", "error")
        return go(url_for("book.policy", policy_id=policy.id))
    attribute([policy], agent, by=scope.current())
    flash(f"Attributed to {agent.name} by hand. It holds as long as its file names the same agent as now, and no NPN.")
    return go(url_for("book.policy", policy_id=policy.id))


def _policy_page(policy: Policy) -> Response:
    typed = request.args.get("q", "").strip()
    alone = Group(policy.carrier, policy.writer_kind, policy.writer_value, policy.writer_name, 1, 1)
    return page(
        "why/attribute.html",
        policy=policy,
        member=book.members_of([policy])[policy.member_id],
        agent=_agent(request.args.get("agent")),
        typed=typed,
        likely=loose.likely(alone),
        found=_found(typed),
        book_words=book_words,
    )
