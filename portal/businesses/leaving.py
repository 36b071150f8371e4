"""What it means for an account that one of its users is let in no more, in a sentence to be read before."""

from __future__ import annotations

from portal.businesses import queries
from portal.businesses.models import Business
from portal.identity.models import User


def follows(business: Business, user: User) -> str | None:
    """What becomes of the account without `user`: nobody signs in to it, or nobody decides in it. None: neither."""
    if not queries.goes_on(user):
        return None
    if not any(queries.goes_on(one) for one in queries.users_of(business.id) if one.id != user.id):
        return (
            f"{user.name} is the only user of {business.name}. From then on nobody can sign in to the account, until"
            " somebody of the FMO adds a user or reactivates one."
        )
    if queries.is_only_admin(user):
        return (
            f"{user.name} is the last Administrator of {business.name}. From then on nobody in the account can manage"
            " its users, upload contacts or merge them. Only the FMO can invite somebody or make another user its"
            " Administrator: best before, on the page of the Business."
        )
    return None
