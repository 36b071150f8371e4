"""The watch list, and putting a member on it by the look-up that the log keeps."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, flash, request, url_for

from portal.compliance import lookup
from portal.compliance.forms import LookupForm
from portal.compliance.reviews import events, queries, watching
from portal.compliance.reviews.forms import WatchForm
from portal.compliance.reviews.models import WatchedMember
from portal.compliance.reviews.views.parts import bp
from portal.core.fragments import go, page
from portal.core.ids import parse_id
from portal.core.lookup import find_or_404
from portal.core.permissions import Permission, allow
from portal.core.sent import passes_over
from portal.core.transaction import not_yours


def _page(form: LookupForm | None = None, *, status: int = 200, **shown: Any) -> Response:
    told: dict[str, Any] = {"found": None, "chosen": None, "watch": WatchForm(formdata=None), **shown}
    form = form or LookupForm(formdata=None)
    return page("compliance/reviews/watch.html", status=status, watched=queries.watched(), form=form, **told)


@bp.get("/watch")
@allow(Permission.ACCESS_READ, events.WATCHED_SEEN)
def watch_list() -> Response:
    """Who is on the list, who was, and the look-up that finds somebody to put on it."""
    return _page()


@bp.post("/watch/look-up")
@allow(Permission.ACCESS_READ, events.WATCHED_SEEN)
def look_up_to_watch() -> Response:
    """The members found, each with the form that puts them on the list."""
    form = LookupForm()
    if not form.validate_on_submit():
        return _page(form, status=422)
    return _page(form, found=lookup.look_up(form.looked_for()))


@bp.post("/watch")
@allow(Permission.ACCESS_READ, events.WATCHED_SEEN)
@passes_over("member")
def watch() -> Response:
    """Put a member on the list."""
    member, form = parse_id(request.form.get("member", "")), WatchForm()
    if member is None or not lookup.is_member(member):
        not_yours(asked_for=member)
    if not form.validate_on_submit():
        return _page(chosen=member, watch=form, status=422)
    added = watching.add(member, form.reason.data)
    flash("The member is on the watch list." if added else "The member was on the watch list already.")
    return go(url_for("reviews.watch_list"))


@bp.post("/watch/<uuid:entry_id>/remove")
@allow(Permission.ACCESS_READ, events.WATCHED_SEEN)
def unwatch(entry_id: UUID) -> Response:
    """Take a member off the list."""
    gone = watching.remove(find_or_404(WatchedMember, entry_id))
    flash("The member is off the watch list." if gone else "Somebody had taken the member off the list before.")
    return go(url_for("reviews.watch_list"))
