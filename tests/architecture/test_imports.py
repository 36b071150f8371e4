"""Rooms import downwards only; the contracts stand in pyproject.toml."""

from __future__ import annotations

import pytest
from importlinter.cli import lint_imports

from tests.architecture.source import ROOT, modules


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the linter's own making
def test_contracts_are_kept(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert status == 0, capsys.readouterr().out


def test_nothing_imports_the_entry_points() -> None:
    found = [module.place for module in modules() if "import wsgi" in module.text or "from wsgi" in module.text]
    assert found == []


def test_no_room_has_a_drawer_for_everything() -> None:
    drawers = {"utils", "util", "common", "helpers", "misc", "services", "repositories"}
    assert [module.place for module in modules() if drawers & set(module.name.split("."))] == []
