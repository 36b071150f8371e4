"""People who sign in: FMO, User, password, second factor, invitation, session. Only the login `identity` reads
credentials."""

from __future__ import annotations

from flask import Flask


def init(app: Flask) -> None:
    """Tell the guard how to ask somebody anew who they are."""
    from portal.identity.factors.views import stepping

    stepping.init(app)
