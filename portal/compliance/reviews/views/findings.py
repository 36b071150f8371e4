"""The findings of a review, and what officers make of them."""

from __future__ import annotations

from uuid import UUID

from flask import Response, flash, request, url_for

from portal.compliance.reviews import events, handing, operations, queries, registry
from portal.compliance.reviews.forms import CloseForm, FineForm, HandOverForm, JudgeForm, ticked
from portal.compliance.reviews.models import Review, ReviewFinding
from portal.compliance.reviews.views.parts import bp, place, words
from portal.compliance.seals.chain import moment
from portal.core import access
from portal.core.fragments import go, page
from portal.core.ids import parse_id
from portal.core.lookup import find_or_404
from portal.core.paging import Asked, read_query
from portal.core.permissions import Permission, allow
from portal.core.sent import passes_over, repeats

NOTHING_TICKED = "Tick the findings that this is about."


def _asked(review: Review) -> Asked:
    path = url_for("reviews.findings", review_id=review.id)
    filters = ("kind", "state", "who")
    return read_query(path, request.args, filters=filters, sorts=list(queries.SORTS), default="kind")


@bp.get("/<uuid:review_id>/findings")
@allow(Permission.ACCESS_READ, events.SEEN)
def findings(review_id: UUID) -> Response:
    """Findings by kind and judgement, with the form that judges those that are ticked."""
    return _page(find_or_404(Review, review_id))


def _page(
    review: Review,
    form: JudgeForm | None = None,
    fine: FineForm | None = None,
    *,
    refused: str | None = None,
    status: int = 200,
) -> Response:
    asked = _asked(review)
    listing = queries.findings(review, asked)
    named = {key for one in listing.items if (key := parse_id(one.filters.get("member", "")))}
    access.record(events.SEEN, kind="review", ids=[review.id], members=named)
    chosen = asked.args.get("kind")
    kind = next((one for one in queries.by_kind(review) if one.name == chosen), None)
    return page(
        "compliance/reviews/findings.html",
        block="results",
        status=status,
        review=review,
        listing=listing,
        asked=asked,
        kind=kind,
        kinds=[(one.name, one.heading) for one in registry.kinds()],
        states=queries.STATES,
        follow_ups=queries.follow_ups_of([one.id for one in listing.items]),
        form=form or JudgeForm(formdata=None),
        fine=fine or FineForm(formdata=None),
        ticked=ticked(request.form.getlist("finding")) if request.method == "POST" else {},
        computed=moment(review.computed_at) if review.computed_at else "",
        refused=refused,
        **words(),
    )


@bp.post("/<uuid:review_id>/findings")
@allow(Permission.ACCESS_READ, events.SEEN)
@repeats("finding")
def judge(review_id: UUID) -> Response:
    """Keep a judgement of the findings that are ticked."""
    review, form = find_or_404(Review, review_id), JudgeForm()
    seen = ticked(request.form.getlist("finding"))
    valid = form.validate_on_submit()
    if not seen:
        form.form_errors.append(NOTHING_TICKED)
    if not valid or not seen:
        return _page(review, form, status=422)
    try:
        count = operations.judge(review.id, seen, form.judgement())
    except operations.NotDone as error:
        return _page(review, form, refused=str(error), status=409)
    flash("Your judgement is kept." if count == 1 else f"Your judgement of {count:,} findings is kept.")
    return go(_asked(review).href())


@bp.post("/<uuid:review_id>/fine")
@allow(Permission.ACCESS_READ, events.SEEN)
@passes_over("kind", "computed", "reason")
def all_fine(review_id: UUID) -> Response:
    """Call everything of one kind that nobody judged yet fine, under one note."""
    review, form = find_or_404(Review, review_id), FineForm()
    kind, computed = request.form.get("kind", ""), request.form.get("computed", "")
    if not form.validate_on_submit():
        return _page(review, fine=form, status=422)
    try:
        count = operations.judge_kind_fine(review.id, kind, form.reason.data, computed=computed)
    except operations.NotDone as error:
        return _page(review, fine=form, refused=str(error), status=409)
    flash(f"{count:,} findings are fine." if count != 1 else "1 finding is fine.")
    return go(place(review))


@bp.get("/findings/<uuid:finding_id>")
@allow(Permission.ACCESS_READ, events.SEEN)
def finding(finding_id: UUID) -> Response:
    """One finding with everything that is known of it."""
    return _finding(find_or_404(ReviewFinding, finding_id))


def _finding(
    found: ReviewFinding,
    form: CloseForm | None = None,
    handing_over: HandOverForm | None = None,
    *,
    refused: str | None = None,
    status: int = 200,
) -> Response:
    follow_up = queries.follow_ups_of([found.id]).get(found.id)
    access.record(events.SEEN, kind="review_finding", ids=[found.id], members=set(found.member_ids))
    return page(
        "compliance/reviews/finding.html",
        status=status,
        finding=found,
        review=find_or_404(Review, found.review_id),
        follow_up=follow_up,
        hand_overs=handing.hand_overs([found]).get(found.id, []),
        form=form or CloseForm(formdata=None),
        handing_over=handing_over or HandOverForm(formdata=None).offer(follow_up),
        refused=refused,
        judging=JudgeForm(formdata=None),
        **words(),
    )


@bp.post("/findings/<uuid:finding_id>/close")
@allow(Permission.ACCESS_READ, events.SEEN)
def close_follow_up(finding_id: UUID) -> Response:
    """Say what came of a follow-up."""
    found, form = find_or_404(ReviewFinding, finding_id), CloseForm()
    if not form.validate_on_submit():
        return _finding(found, form, status=422)
    closed = operations.close_follow_up(found, form.outcome.data)
    flash("The follow-up is closed." if closed else "There is no open follow-up of this finding; nothing was changed.")
    return go(url_for("reviews.finding", finding_id=found.id))


@bp.post("/findings/<uuid:finding_id>/hand-over")
@allow(Permission.ACCESS_READ, events.SEEN)
def hand_over(finding_id: UUID) -> Response:
    """Let another officer go on with a follow-up."""
    found = find_or_404(ReviewFinding, finding_id)
    form = HandOverForm().offer(None)
    if not form.validate_on_submit():
        return _finding(found, handing_over=form.offer(queries.follow_ups_of([found.id]).get(found.id)), status=422)
    to = form.chosen()
    try:
        handing.hand_over(found, parse_id(form.follow_up.data or ""), to=to, note=form.handing_note.data)
    except operations.NotDone as error:
        return _finding(found, refused=str(error), status=409)
    flash(f"{to[1]} follows this up from now on, and finds it on their home.")
    return go(url_for("reviews.finding", finding_id=found.id))
