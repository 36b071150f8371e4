"""The agreement of a Business: when it was signed, and until when it holds."""

from __future__ import annotations

from uuid import UUID

from flask import Response, flash

from portal.activities import operations as activities
from portal.businesses import operations, queries
from portal.businesses.agreements import in_words
from portal.businesses.forms import AgreementForm
from portal.businesses.models import Business
from portal.businesses.views import address_of, bp, find
from portal.core import scope
from portal.core.fragments import go, page
from portal.core.permissions import Permission, allow


def _page(business: Business, form: AgreementForm, status: int = 200) -> Response:
    return page(
        "businesses/agreement.html",
        status=status,
        business=business,
        form=form,
        agreement=queries.agreement(business),
        back=address_of(business),
    )


@bp.get("/<uuid:record_id>/agreement")
@allow(Permission.PROVISION)
def agreement(record_id: UUID) -> Response:
    """What is on record, to be changed."""
    business = find(record_id)
    kept = {"signed_on": business.agreement_signed_on, "until": business.agreement_until}
    return _page(business, AgreementForm(data=kept))


@bp.post("/<uuid:record_id>/agreement")
@allow(Permission.PROVISION)
def keep_agreement(record_id: UUID) -> Response:
    """Keep it, and say so on the timeline."""
    business = find(record_id)
    form = AgreementForm()
    if not form.validate_on_submit():
        return _page(business, form, status=422)
    if not operations.set_agreement(business, form.signed_on.data, form.until.data, by=scope.current()):
        flash("The agreement is as it was; nothing was changed.")
        return go(address_of(business))
    sentence = f"Agreement: {in_words(business)}."
    activities.log("agreement", "business", business.id, sentence, by=scope.current())
    flash("The agreement is kept; the change is in the access log.")
    return go(address_of(business))
