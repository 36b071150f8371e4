"""Why a policy is in an account or not, for the FMO: the chain of one policy, and the question from a Business."""

from __future__ import annotations

from uuid import UUID

from flask import Response, request, url_for

from portal.book import queries as book
from portal.book import words
from portal.book.models import Policy
from portal.businesses import queries as businesses
from portal.businesses.models import Business
from portal.core import access, search_tokens
from portal.core.fragments import go, page
from portal.core.ids import parse_id
from portal.core.lookup import find_or_404
from portal.core.permissions import Permission, allow
from portal.core.transaction import not_yours
from portal.downline import fragments
from portal.sync.claims.forms import FindForm
from portal.sync.views import bp
from portal.sync.why import chain
from portal.sync.why.events import WHY_FOUND, WHY_SEEN
from portal.sync.why.facts import accounts_of, find, gather

BETWEEN, OFFERED = "|", 10


@bp.get("/fmo/policies/<uuid:policy_id>/why")
@allow(Permission.BOOK_READ, WHY_SEEN)
def why(policy_id: UUID) -> Response:
    """The chain of a policy for the chosen account, else for the first that has it or should."""
    policy = find_or_404(Policy, policy_id)
    near = accounts_of(policy)
    chosen = _chosen(request.args.get("business")) or next(iter(near), None)
    facts = gather(policy, chosen)
    access.record(WHY_SEEN, subject=policy, business=str(chosen.id) if chosen else None)
    typed = request.args.get("find", "").strip()
    return page(
        "why/why.html",
        policy=policy,
        member=facts.member,
        business=chosen,
        chain=chain.build(facts),
        near=[one for one in near if chosen is None or one.id != chosen.id],
        typed=typed,
        offered=businesses.found(typed, OFFERED) if typed else (),
        words=words,
    )


def _chosen(business_id: str | None) -> Business | None:
    if not business_id:
        return None
    wanted = parse_id(business_id)
    found = businesses.by_id(wanted) if wanted else None
    if found is None:
        not_yours(asked_for=wanted)
    return found


def _form_page(business: Business, form: FindForm, asked: tuple[str, str] | None, status: int = 200) -> Response:
    found = find(*asked) if asked else ()
    return page(
        "why/find.html",
        block="results",
        status=status,
        business=business,
        form=form,
        asked=asked,
        found=found,
        members=book.members_of(found),
        fresh={one.carrier: one.as_of for one in book.carrier_freshness()} if asked and not found else {},
        words=words,
    )


@bp.get("/fmo/businesses/<uuid:business_id>/why")
@allow(Permission.BOOK_READ, WHY_FOUND)
def why_of_business(business_id: UUID) -> Response:
    """The question about one account, and the policies that answer to the number behind its token."""
    business = find_or_404(Business, business_id)
    carrier, between, number = search_tokens.read(request.args.get("q")).partition(BETWEEN)
    if not between:
        return _form_page(business, FindForm(formdata=None), None)
    return _form_page(business, FindForm(formdata=None, carrier=carrier, number=number), (carrier, number))


@bp.post("/fmo/businesses/<uuid:business_id>/why")
@allow(Permission.BOOK_READ, WHY_FOUND)
def find_why(business_id: UUID) -> Response:
    """Look the number up in the book; a single policy is shown at once."""
    business = find_or_404(Business, business_id)
    form = FindForm()
    if not form.validate_on_submit():
        return _form_page(business, form, None, 422)
    found = find(form.carrier.data, form.number.data)
    access.record(WHY_FOUND, kind="policy", ids=[one.id for one in found], business=str(business.id), found=len(found))
    if len(found) == 1:
        return go(url_for("sync.why", policy_id=found[0].id, business=business.id))
    token = search_tokens.keep(f"{form.carrier.data}{BETWEEN}{form.number.data}")
    return go(url_for("sync.why_of_business", business_id=business.id, q=token))


fragments.register(
    "business",
    "Why is a policy not there?",
    Permission.BOOK_READ,
    lambda record_id: url_for("sync.why_of_business", business_id=record_id),
)
