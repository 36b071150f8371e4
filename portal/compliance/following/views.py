"""The pages that follow one of them through the log. Members stand on them as ids: names are the look-up's alone."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request, url_for

from portal.compliance import asked, lookup
from portal.compliance import queries as log
from portal.compliance.asked import LogAsked
from portal.compliance.following import events, period, queries
from portal.core import access
from portal.core.fragments import page
from portal.core.permissions import Permission, allow
from portal.core.transaction import not_yours

bp = Blueprint("following", __name__, url_prefix="/compliance")
NEWEST = 12  # entries on the page; the log has the rest


@bp.get("/people/<uuid:user_id>")
@allow(Permission.ACCESS_READ, events.PERSON)
def person(user_id: UUID) -> Response:
    """One person: what they saw, changed and took along, from where, and what was done to them."""
    chosen = period.read(request.args, "30")
    found = queries.person(user_id, chosen)
    if found is None:
        not_yours(asked_for=user_id)
    access.record(events.PERSON, kind="user", ids=[user_id])
    mine, about = _log(who=str(user_id), **chosen.args), _log(about=str(user_id), **chosen.args)
    return page(
        "compliance/following/person.html",
        person=found,
        period=chosen,
        periods=period.CHOICES,
        looked_through=queries.NEWEST,
        newest=log.page_of(mine, size=NEWEST, counted=False),
        about=log.page_of(about, size=NEWEST, counted=False),
    )


@bp.get("/members/<uuid:member_id>")
@allow(Permission.ACCESS_READ, events.MEMBER)
def member(member_id: UUID) -> Response:
    """One member: everybody who saw or received them."""
    chosen = period.read(request.args, "all")
    found = queries.member(member_id, chosen)
    if found.first_at is None and not lookup.is_member(member_id):
        not_yours(asked_for=member_id)
    access.record(events.MEMBER, kind="member", ids=[member_id], members={member_id})
    newest = log.page_of(_log(member=str(member_id), **chosen.args), size=NEWEST, counted=False)
    shown: dict[str, Any] = {"member": found, "period": chosen, "periods": period.CHOICES, "newest": newest}
    return page("compliance/following/member.html", **shown)


@bp.get("/businesses/<uuid:business_id>")
@allow(Permission.ACCESS_READ, events.BUSINESS)
def business(business_id: UUID) -> Response:
    """One Business: its people, who else looked at it, and what came and went."""
    chosen = period.read(request.args, "30")
    found = queries.business(business_id, chosen)
    if found is None:
        not_yours(asked_for=business_id)
    access.record(events.BUSINESS, kind="business", ids=[business_id])
    newest = log.page_of(_log(business=str(business_id), **chosen.args), size=NEWEST, counted=False)
    shown: dict[str, Any] = {"business": found, "period": chosen, "periods": period.CHOICES, "newest": newest}
    return page("compliance/following/business.html", **shown)


@bp.get("/runs/<uuid:run_id>")
@allow(Permission.ACCESS_READ, events.RUN)
def run(run_id: UUID) -> Response:
    """One sync run or feed run: what it left in the log, and who looked at it."""
    found = queries.run(run_id)
    if found is None:
        not_yours(asked_for=run_id)
    access.record(events.RUN, kind="run", ids=[run_id])
    newest = log.page_of(_log(run=str(run_id)), size=NEWEST, counted=False)
    return page("compliance/following/run.html", run=found, newest=newest)


def _log(**filters: str) -> LogAsked:
    return asked.read(url_for("compliance.log"), filters)
