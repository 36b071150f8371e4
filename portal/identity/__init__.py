"""People who sign in: FMO, User, password, second factor, invitation, session. Only the login `identity` reads
credentials."""

from __future__ import annotations

from flask import Flask


def init(app: Flask) -> None:
    """Tell the guard how to ask somebody anew who they are, and the sign-in page whether it is a relaxed demo's; and
    officers what is alarming here."""
    from portal.identity.emergency import alarm
    from portal.identity.factors import demands
    from portal.identity.factors.views import stepping

    stepping.init(app)
    alarm.register()
    app.jinja_env.globals["second_factor_relaxed"] = demands.relaxed
