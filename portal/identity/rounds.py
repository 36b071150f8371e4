"""Work that is done for every FMO in turn, by no request and for no person."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import cast

from flask import Flask, current_app
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from portal.core import access, scope
from portal.core.scope import Login, Role, Scope
from portal.core.session import open_session
from portal.extensions import db
from portal.identity.models import Fmo
from portal.identity.sessions import IDENTITY_SCOPE

log = logging.getLogger(__name__)
WHO = "Portal relay"


def in_each_fmo(work: Callable[[], int]) -> int:
    """Do `work` once for every FMO, in a scope, session and transaction of its own; gives the sum of its answers.

    For the relay, outside any scope. What goes wrong for one FMO is rolled back and keeps nothing from the others.
    """
    with open_session(IDENTITY_SCOPE) as session:
        fmos = session.scalars(select(Fmo.id).order_by(Fmo.id)).all()
    app = cast(Flask, current_app._get_current_object())  # type: ignore[attr-defined]  # a context for each FMO's session
    done = 0
    for fmo_id in fmos:
        with app.app_context(), scope.acting(Scope(Login.JOBS, Role.SYSTEM, fmo_id, actor_name=WHO)):
            try:
                found = work()
                access.write_entries()
                db.session.commit()
                done += found
            except SQLAlchemyError as error:
                db.session.rollback()
                log.warning("Work for an FMO could not be done (%s); it is tried again.", type(error).__name__)
    return done
