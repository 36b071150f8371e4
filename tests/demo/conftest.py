"""One demo for all tests of this folder; it is only read."""

from __future__ import annotations

import csv
from datetime import date

import pytest

from portal.demo.generate import DemoPlan, write_demo

AS_OF = date(2026, 3, 10)


@pytest.fixture(scope="session")
def plan(tmp_path_factory: pytest.TempPathFactory) -> DemoPlan:
    """3,000 policies as of `AS_OF`."""
    return write_demo(tmp_path_factory.mktemp("demo"), seed=11, policies=3000, as_of=AS_OF)


@pytest.fixture(scope="session")
def truth(plan: DemoPlan) -> list[dict[str, str]]:
    """The lines of `truth.csv`."""
    with plan.truth_csv.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
