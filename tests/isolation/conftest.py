"""The ground, laid once a module and changed by none of its tests."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests.isolation.ground import Ground, lay
from tests.support.world import World


@pytest.fixture(scope="module")
def ground(setup_engine: Engine, shared_world: World) -> Ground:
    """The world with a row of every table for every tenant."""
    with Session(setup_engine, expire_on_commit=False) as session:
        return lay(session, shared_world)
