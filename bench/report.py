"""One JSON line a figure on standard output; everything said to a person goes to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from statistics import median


def say(text: str) -> None:
    """Tell a person how far it is."""
    print(text, file=sys.stderr, flush=True)


def figure(
    bench: str, name: str, measured: Iterable[float], limits: Iterable[float], *, unit: str, goal: float
) -> None:
    """Print one figure: medians of times in `unit`, and how many times the limit the portal took.

    `goal` is the ratio aimed at; the ratio depends on the machine far less than the times do.
    """
    value, limit = median(measured), median(limits)
    ratio = value / limit
    line = {"bench": bench, "figure": name, "value": round(value, 4), "unit": unit, "limit": round(limit, 4)}
    shown = round(ratio, 2 if ratio >= 1 else 4)
    print(json.dumps({**line, "ratio": shown, "goal": goal, "met": ratio <= goal}), flush=True)
