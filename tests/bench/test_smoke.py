"""The figures are printed as promised, and a wrong name is refused."""

from __future__ import annotations

import json

import pytest

from bench import report
from bench.__main__ import main


def test_a_figure_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Medians, their ratio, and whether the goal is met."""
    report.figure("load", "load_first", [3.0, 9.0, 2.0], [1.0, 2.0, 1.5], unit="s", goal=3.0)
    line = json.loads(capsys.readouterr().out)
    expected = {"bench": "load", "figure": "load_first", "value": 3.0, "unit": "s", "limit": 1.5}
    assert line == {**expected, "ratio": 2.0, "goal": 3.0, "met": True}


@pytest.mark.parametrize("arguments", [["logs"], ["nothing"], ["load", "sync"]])
def test_what_cannot_be_measured_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing on standard output, a sentence on the other, status 2."""
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err
