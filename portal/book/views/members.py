"""The page of a member of the book."""

from __future__ import annotations

from uuid import UUID

from flask import Response

from portal.book import queries, words
from portal.book.events import MBI_REVEALED, MEMBER_SEEN
from portal.book.models import Member
from portal.book.views import bp
from portal.core import access, crypto
from portal.core.fragments import fragment, page, wants_fragment
from portal.core.lookup import find_or_404
from portal.core.permissions import Permission, allow


@bp.get("/members/<uuid:member_id>")
@allow(Permission.BOOK_READ, MEMBER_SEEN)
def member(member_id: UUID) -> Response:
    """The person and every policy of theirs."""
    return _member_page(find_or_404(Member, member_id))


def _member_page(found: Member, mbi: str | None = None) -> Response:
    return page("book/member.html", member=found, policies=queries.policies_of(found), mbi=mbi, words=words)


@bp.post("/members/<uuid:member_id>/mbi")
@allow(Permission.BOOK_REVEAL, MBI_REVEALED, fresh=True)
def reveal_mbi(member_id: UUID) -> Response:
    """Show the Medicare number, once: a POST, so that no address or history shows it again."""
    found = find_or_404(Member, member_id)
    access.record(MBI_REVEALED, subject=found, members={found.id}, fields=["mbi"])
    mbi = crypto.decrypt(found.mbi, fmo_id=found.fmo_id, field="mbi") if found.mbi else None
    if wants_fragment():
        return fragment("book/_mbi.html", member=found, mbi=mbi)
    return _member_page(found, mbi)
