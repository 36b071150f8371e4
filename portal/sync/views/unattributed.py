"""What has no writing agent yet: the policies that agents claim, and the book's own, side by side."""

from __future__ import annotations

from uuid import UUID

from flask import Response, flash, request, url_for

from portal.book import queries as book
from portal.book import words as book_words
from portal.businesses import queries as businesses
from portal.core import scope
from portal.core.fragments import go, page
from portal.core.lookup import find_or_404
from portal.core.paging import Listing, read_query
from portal.core.permissions import Permission, allow
from portal.downline import queries as downline
from portal.sync import unattributed as loose
from portal.sync.claims import operations, queries, words
from portal.sync.claims.events import CLAIM_SEEN, CLAIMS_SEEN
from portal.sync.claims.forms import AnswerForm
from portal.sync.claims.models import PolicyClaim
from portal.sync.views import bp


@bp.get("/fmo/unattributed")
@allow(Permission.BOOK_READ, CLAIMS_SEEN)
def unattributed() -> Response:
    """The queue of claims, and the groups of policies without a writing agent."""
    asked = read_query(request.path, request.args, filters=queries.FILTERS, sorts=queries.SORTS, default="when")
    listing: Listing[PolicyClaim] = queries.listing(asked)
    if asked.args.get("state") == "answered":
        listing.chip("Claims", "state", "Answered")
    groups = loose.groups()
    candidates = loose.candidates(groups)
    return page(
        "why/unattributed.html",
        block="results",
        listing=listing,
        accounts=businesses.by_ids(claim.business_id for claim in listing.items),
        found=queries.in_book(listing.items),
        groups=groups,
        candidates=candidates,
        agents=downline.by_npns(npn for npns in candidates.values() for npn in npns),
        most=loose.SHOWN,
        words=words,
        book_words=book_words,
    )


def _claim_page(claim: PolicyClaim, form: AnswerForm, status: int = 200) -> Response:
    found = queries.in_book([claim])[claim.id]
    return page(
        "why/claim.html",
        status=status,
        claim=claim,
        form=form,
        business=businesses.by_ids([claim.business_id]).get(claim.business_id),
        found=found,
        members=book.members_of(found),
        words=words,
        book_words=book_words,
    )


@bp.get("/fmo/unattributed/<uuid:claim_id>")
@allow(Permission.BOOK_READ, CLAIM_SEEN)
def claim(claim_id: UUID) -> Response:
    """One claim, what the book has under its number, and the form of the answer."""
    return _claim_page(find_or_404(PolicyClaim, claim_id), AnswerForm(formdata=None))


def _promises_too_much(claimed: PolicyClaim, form: AnswerForm) -> bool:
    """Refuse to say that a policy will come which no run would bring into this account."""
    if form.verdict.data != words.ATTRIBUTED or claimed.status != "open":
        return False
    npns = businesses.npns_by_business([claimed.business_id])[claimed.business_id]
    if any(policy.writing_npn in npns for policy in queries.in_book([claimed])[claimed.id]):
        return False
    form.verdict.errors = [words.NOT_THEIRS]
    return True


@bp.post("/fmo/unattributed/<uuid:claim_id>")
@allow(Permission.CLAIM_ANSWER, CLAIM_SEEN)
def answer_claim(claim_id: UUID) -> Response:
    """Answer it; the agent reads the words, not what was found."""
    claimed = find_or_404(PolicyClaim, claim_id)
    form = AnswerForm()
    if not form.validate_on_submit() or _promises_too_much(claimed, form):
        return _claim_page(claimed, form, 422)
    if operations.answer(claimed, verdict=form.verdict.data, words=form.words(), by=scope.current()):
        flash(f"{claimed.by_name} can read your answer now, and is told of it on their home page.")
    else:
        flash("Somebody has answered this claim in the meantime. Nothing was changed.", "error")
    return go(url_for("sync.unattributed"))
