"""An agent's "Why do I not see a policy?", and "This policy is mine".

Every number that the actor does not see gets one and the same answer: nothing beyond the actor's own view is looked at,
so nothing beyond it can be told.
"""

from __future__ import annotations

from flask import Response, flash, request, url_for

from portal.connectors.normalise import number_key
from portal.connectors.words import carriers
from portal.core import scope, search_tokens
from portal.core.fragments import go, page
from portal.core.permissions import Permission, allow
from portal.crm import words as crm_words
from portal.crm.panels import panel
from portal.sync.claims import operations, queries, words
from portal.sync.claims.events import ASKED_WHY_NOT
from portal.sync.claims.forms import MAX_NUMBER, ClaimForm, NumberForm
from portal.sync.views import bp
from portal.sync.why import account

BETWEEN = "|"
SENT = "Your FMO has been told. The answer will stand on this page, and on your home for 14 days."
ALREADY = "Your FMO has been told of this one already and has not answered yet, so nothing was sent a second time."


def _behind(token: str | None) -> tuple[str, str] | None:
    carrier, _, number = search_tokens.read(token).partition(BETWEEN)
    # Another search's token holds whatever was looked for there: no carrier, and no number.
    fits = carrier in carriers() and len(number) <= MAX_NUMBER and number_key(number)
    return (carrier, number) if fits else None


def _shown(asked: tuple[str, str] | None, form: NumberForm, claiming: ClaimForm, status: int = 200) -> Response:
    return page(
        "why/why_not.html",
        status=status,
        form=form,
        claiming=claiming,
        asked=asked,
        found=account.in_view(*asked) if asked else (),
        waiting=queries.waiting(*asked) if asked else None,
        claims=queries.of_account(),
        words=words,
        crm_words=crm_words,
        **panel(),
    )


@bp.get("/crm/why")
@allow(Permission.CRM_READ, ASKED_WHY_NOT)
def why_not() -> Response:
    """What was asked and its answer, and what became of earlier claims."""
    token = request.args.get("q")
    asked = _behind(token)
    form = NumberForm(formdata=None, carrier=asked[0], number=asked[1]) if asked else NumberForm(formdata=None)
    return _shown(asked, form, ClaimForm(formdata=None, q=token if asked else None))


@bp.post("/crm/why")
@allow(Permission.CRM_READ, ASKED_WHY_NOT)
def ask_why_not() -> Response:
    """Keep what was typed and answer by its token: a policy number never stands in an address."""
    form = NumberForm()
    if not form.validate_on_submit():
        return _shown(None, form, ClaimForm(formdata=None), 422)
    return go(url_for("sync.why_not", q=search_tokens.keep(f"{form.carrier.data}{BETWEEN}{form.number.data}")))


@bp.post("/crm/why/claim")
@allow(Permission.CLAIM_MAKE, ASKED_WHY_NOT)
def claim_policy() -> Response:
    """Send carrier and number to the FMO; a second time says that it waits already."""
    claiming = ClaimForm()
    asked = _behind(claiming.q.data)
    if asked is None:
        flash("That question is no longer kept, so nothing was sent. Type the number again.", "error")
        return go(url_for("sync.why_not"))
    if not claiming.validate_on_submit():
        return _shown(asked, NumberForm(formdata=None, carrier=asked[0], number=asked[1]), claiming, 422)
    back = go(url_for("sync.why_not", q=claiming.q.data))
    if account.in_view(*asked):
        return back
    try:
        made = operations.claim(carrier=asked[0], number=asked[1], note=claiming.note.data, by=scope.current())
    except operations.TooMany:
        flash(
            f"You have sent {operations.A_DAY} in the last 24 hours, so this one was not sent. Call or write instead.",
            "error",
        )
    else:
        flash(SENT if made else ALREADY)
    return back
