"""Events are declared once, in their room, and all of them happen somewhere."""

from __future__ import annotations

import ast

from flask import Flask

from portal.core.events import Event, declared
from tests.architecture.source import Module, calls, modules


def _declarations() -> dict[str, tuple[str, Module]]:
    """Constant's name → (event's name, module) for every `X = reads("…")` and `X = changes("…")`."""
    found = {}
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                call, target = node.value, node.targets[0]
                if (
                    isinstance(call.func, ast.Name)
                    and call.func.id in ("reads", "changes")
                    and isinstance(target, ast.Name)
                ):
                    name = call.args[0]
                    assert isinstance(name, ast.Constant), module.place
                    found[f"{module.name}.{target.id}"] = (str(name.value), module)
    return found


def test_events_are_declared_in_the_file_for_them() -> None:
    wrong = [m.place for _, m in _declarations().values() if not m.name.endswith((".events", ".request_log"))]
    assert wrong == []


def test_every_declared_event_is_used() -> None:
    for constant, (name, home) in _declarations().items():
        short = constant.rpartition(".")[2]
        users = [m for m in modules() if m is not home and short in m.text]
        assert users, f"{name} ({constant}) never happens"


def test_every_event_reads_well(app: Flask) -> None:
    assert declared()
    for event in declared().values():
        assert event.says and event.says[0].islower() and not event.says.endswith("."), event
        assert all(field.isidentifier() for field in event.fields), event


def test_events_are_made_by_declaring_them_only() -> None:
    makers = {"portal.core.events", "portal.core.access"}
    wrong = [m.place for m in modules() if m.name not in makers and any(name == "Event" for name, _ in calls(m))]
    assert wrong == []
    assert Event.__dataclass_params__.frozen  # type: ignore[attr-defined]  # dataclasses tell it this way
