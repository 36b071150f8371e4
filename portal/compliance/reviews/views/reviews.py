"""Every review, one of them, and the way from its beginning to its signature."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, flash, url_for

from portal.compliance.reviews import events, handing, operations, proof, queries
from portal.compliance.reviews.models import Review
from portal.compliance.reviews.views.parts import bp, place, words
from portal.core import scope
from portal.core.fragments import fragment, go, live, page
from portal.core.lookup import find_or_404
from portal.core.permissions import Permission, allow

STOP_ASKING = 286  # htmx asks no more after an answer of this status


@bp.get("")
@allow(Permission.ACCESS_READ, events.LISTED)
def reviews() -> Response:
    """What is due, what is followed up, and every review."""
    found = queries.reviews()
    return page(
        "compliance/reviews/list.html",
        standing=queries.standing(),
        reviews=found,
        **_followed_up(queries.follow_ups()),
        **words(),
    )


def _followed_up(todos: list[queries.ToDo]) -> dict[str, Any]:
    hand_overs = handing.hand_overs([todo.finding for todo in todos])
    return {"follow_ups": todos, "hand_overs": hand_overs, "me": scope.current().actor_id}


@bp.post("")
@allow(Permission.ACCESS_READ)
def begin() -> Response:
    """Begin a review; where one is under way, that one is shown."""
    try:
        return go(place(operations.begin()))
    except operations.NotDone as error:
        flash(str(error), "error")
        return go(url_for("reviews.reviews"))


@bp.get("/<uuid:review_id>")
@allow(Permission.ACCESS_READ, events.SEEN)
def review(review_id: UUID) -> Response:
    """One review: what was found by kind, what is left, and the signature."""
    return _page(find_or_404(Review, review_id))


def _page(found: Review, *, refused: str | None = None, status: int = 200) -> Response:
    return page(
        "compliance/reviews/review.html",
        status=status,
        review=found,
        kinds=queries.by_kind(found),
        open_count=queries.open_count(found),
        **_followed_up([todo for todo in queries.follow_ups() if todo.finding.review_id != found.id]),
        verdict=proof.verdict(found) if found.signed_at else None,
        refused=refused,
        lag=operations.LAG,
        **words(),
    )


@bp.get("/<uuid:review_id>/progress")
@allow(Permission.ACCESS_READ)
@live
def progress(review_id: UUID) -> Response:
    """Whether the findings are still being computed."""
    found = find_or_404(Review, review_id)
    running = queries.is_computing(found)
    shown = {"review": found, "running": running}
    return fragment("compliance/reviews/_progress.html", status=200 if running else STOP_ASKING, **shown)


@bp.post("/<uuid:review_id>/compute")
@allow(Permission.ACCESS_READ, events.SEEN)
def compute(review_id: UUID) -> Response:
    """Have the findings computed anew."""
    found = find_or_404(Review, review_id)
    try:
        operations.compute_again(found.id)
    except operations.NotDone as error:
        return _page(found, refused=str(error), status=409)
    return go(place(found))


@bp.post("/<uuid:review_id>/sign")
@allow(Permission.ACCESS_READ, events.SEEN, fresh=True)
def sign(review_id: UUID) -> Response:
    """Sign the review off."""
    found = find_or_404(Review, review_id)
    try:
        operations.sign(found.id)
    except operations.NotDone as error:
        return _page(found, refused=str(error), status=409)
    flash("You have signed this review. It is kept as it is now.")
    return go(place(found))
