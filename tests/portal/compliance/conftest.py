"""Sealing in tests: every round over everything, with an anchor of the test's own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from portal.compliance.seals import operations
from portal.config import Settings


@pytest.fixture
def seal(app: Flask, settings: Settings) -> Iterator[Callable[[], int]]:
    """Seals what waits in every chain; the number of entries."""
    shutil.rmtree(settings.anchor.folder, ignore_errors=True)

    def run() -> int:
        with app.app_context():
            return operations.seal_all(everything=True)

    yield run
    shutil.rmtree(settings.anchor.folder, ignore_errors=True)
