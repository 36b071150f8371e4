"""Deliveries that were wrong, or may have been, and the officer's judgement about them."""

from __future__ import annotations

from uuid import UUID

from flask import Response, flash, request, url_for

from portal.compliance import subjects
from portal.compliance.disclosures import events, findings, queries, words
from portal.compliance.disclosures.forms import DecideForm
from portal.compliance.disclosures.models import POSSIBLE, WRONG, Misdelivery
from portal.compliance.disclosures.views.parts import bp
from portal.core.fragments import go, page
from portal.core.ids import parse_id
from portal.core.lookup import find_or_404
from portal.core.permissions import Permission, allow
from portal.core.sent import repeats


@bp.get("/doubts")
@allow(Permission.DISCLOSURES, events.DOUBTS)
def doubts() -> Response:
    """Groups of deliveries, those that wait unless another verdict is asked for."""
    chosen = request.args.get("verdict", POSSIBLE)
    chosen = chosen if chosen in words.VERDICTS else ""
    return page(
        "compliance/disclosures/doubts.html",
        groups=queries.groups(chosen or None),
        chosen=chosen,
        verdicts=words.VERDICTS,
    )


@bp.get("/doubts/<uuid:misdelivery_id>")
@allow(Permission.DISCLOSURES, events.DOUBT_SEEN)
def doubt(misdelivery_id: UUID) -> Response:
    """The deliveries of one change of the book to one account, and the form that judges them."""
    return _page(find_or_404(Misdelivery, misdelivery_id), DecideForm(formdata=None))


def _page(one: Misdelivery, form: DecideForm, status: int = 200) -> Response:
    return page(
        "compliance/disclosures/doubt.html",
        status=status,
        one=one,
        found=queries.like(one),
        total=queries.count_like(one),
        waiting=queries.count_like(one, POSSIBLE),
        recipient=subjects.names("business", [one.recipient_id]).get(one.recipient_id, str(one.recipient_id)),
        cause=words.CAUSES.get(one.cause, one.cause),
        carrier=subjects.worded("carrier", one.carrier),
        verdicts=words.VERDICTS,
        notes=findings.notes,
        form=form,
    )


@bp.post("/doubts/<uuid:misdelivery_id>")
@allow(Permission.DISCLOSURES)
@repeats("one")
def decide(misdelivery_id: UUID) -> Response:
    """Keep the judgement about the ticked ones."""
    first = find_or_404(Misdelivery, misdelivery_id)
    form = DecideForm()
    ticked = {key for written in request.form.getlist("one") if (key := parse_id(written))}
    if not form.validate_on_submit():
        return _page(first, form, 422)
    chosen = [one for one in queries.like(first) if one.id in ticked]
    if form.every.data:
        chosen = list({one.id: one for one in [*chosen, *queries.waiting_like(first)]}.values())
    if not chosen:
        form.form_errors.append("Tick the deliveries that your decision is about.")
        return _page(first, form, 422)
    findings.decide(chosen, wrong=form.verdict.data == WRONG, note=form.note.data)
    if form.verdict.data == WRONG:
        flash("Your decision is kept. Open a case: it tells who saw these members, and by when each carrier is told.")
        return go(url_for("disclosures.doubt", misdelivery_id=first.id))
    flash("Your decision is kept.")
    return go(url_for("disclosures.doubts"))
