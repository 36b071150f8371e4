"""The one way into a session, whatever proved who somebody is: password, single sign-on, invitation or reset."""

from __future__ import annotations

from flask import Response

from portal.core.fragments import go
from portal.identity.models import User
from portal.identity.views.parts import home_of, stored


def arrive(user: User, *, target: str = "") -> Response:
    """Begin a session for `user`, in place of the stranger's, and lead to `target` (a page of ours) or their home."""
    stored().begin_for(user.id, user.fmo_id, generation=user.session_generation)
    return go(target or home_of(user.role))
