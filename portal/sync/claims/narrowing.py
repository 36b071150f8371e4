"""Limited users see the claims that they made themselves; row security says the same in the database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, false, true

from portal.core.row_filter import narrow
from portal.core.scope import Scope
from portal.sync.claims.models import PolicyClaim


def _own(claim: Any, scope: Scope) -> ColumnElement[bool]:
    if not scope.limited:
        return true()
    return claim.by_id == scope.actor_id if scope.actor_id is not None else false()


narrow(PolicyClaim, _own)
