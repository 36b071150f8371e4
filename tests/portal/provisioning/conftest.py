"""An FMO and its admin's browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from portal.identity.models import Fmo, User
from tests.support import builders as make


@pytest.fixture
def fmo(store: Session) -> Fmo:
    """An FMO with nobody in it yet."""
    return make.fmo(store)


@pytest.fixture
def admin(store: Session, fmo: Fmo, client_for: Callable[[User], FlaskClient]) -> FlaskClient:
    """The browser of its admin."""
    return client_for(make.user(store, fmo))
