"""Fixtures for every test. A test that asks for none of them needs no server and starts none."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests.support import sentinels, servers

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

    from portal.config import Settings
    from portal.core.scope import Scope
    from portal.identity.models import User
    from tests.support.world import World


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """The run's folder is made by the first process, the settings are fixed in every one."""
    if not hasattr(config, "workerinput"):
        servers.make_folder()
    servers.set_environment(os.environ.get("PYTEST_XDIST_WORKER", "main"))
    config.pluginmanager.register(sentinels.Plugin(config))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """The journeys stay on one worker, and the fault tests on one."""
    from tests.support.schedule import JourneysTogether

    return JourneysTogether(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """After they were shuffled."""
    from tests.support.schedule import long_ones_first

    long_ones_first(items)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Nothing is left behind."""
    if not hasattr(config, "workerinput") and servers.FOLDER in os.environ:
        servers.remove_folder()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The times that fault tests took down."""
    reports = [report for found in terminalreporter.stats.values() for report in found if hasattr(report, "nodeid")]
    times = {text for one in reports for name, text in getattr(one, "user_properties", []) if name == "took"}
    for line in sorted(times):
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def settings() -> Settings:
    """The settings of this process, pointing at its own database."""
    from portal.config import load_settings

    return load_settings()


@pytest.fixture(scope="session")
def database(settings: Settings) -> Iterator[None]:
    """The servers run and this worker's database is migrated."""
    with servers.migrated_database(settings):
        yield


@pytest.fixture(scope="session")
def setup_engine(settings: Settings, database: None) -> Iterator[Engine]:
    """The setup login's engine: sees every row of every tenant."""
    engine = servers.superuser_engine(settings)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def app(settings: Settings, database: None) -> Iterator[Flask]:
    """The application on this worker's database; an unexpected error is raised in the test, not shown as a page."""
    from tests.support.web import the_app

    app = the_app()
    yield app
    with app.app_context():
        from portal.extensions import db

        for engine in db.engines.values():
            engine.dispose()


@pytest.fixture(autouse=True)
def clean_db(request: pytest.FixtureRequest) -> None:
    """A test that uses the database finds it empty, except in modules marked `shared_data`."""
    if {"database", "store"} & set(request.fixturenames) and not request.node.get_closest_marker("shared_data"):
        servers.empty(request.getfixturevalue("setup_engine"))


@pytest.fixture
def store(setup_engine: Engine, clean_db: None) -> Iterator[Session]:
    """Where builders put rows, past every wall; each builder commits."""
    with Session(setup_engine, expire_on_commit=False) as session:
        yield session


@pytest.fixture
def world(store: Session) -> World:
    """Two FMOs with people, accounts, policies and contacts; see `tests.support.world`."""
    from tests.support.world import build

    return build(store)


@pytest.fixture(scope="module")
def shared_world(setup_engine: Engine) -> World:
    """The same world, built once for a module marked `shared_data`, whose tests change nothing of it."""
    from tests.support.world import build

    servers.empty(setup_engine)
    with Session(setup_engine, expire_on_commit=False) as session:
        return build(session)


@pytest.fixture
def acting_as(app: Flask) -> Callable[..., AbstractContextManager[Scope]]:
    """`with acting_as(Role.FMO_ADMIN, fmo):` — see `tests.support.people.acting`."""
    from functools import partial

    from tests.support.people import acting

    return partial(acting, app)


@pytest.fixture
def client_for(app: Flask) -> Callable[[User], FlaskClient]:
    """`client_for(user)` is a browser that is signed in as `user`; `client_for(None)` is a stranger's."""
    from functools import partial

    from tests.support.web import browser

    return partial(browser, app)
