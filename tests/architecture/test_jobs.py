"""What may run in the queue: named functions, ids as arguments, and a scope before anything else."""

from __future__ import annotations

import ast
import inspect

import pytest

from tests.architecture.source import Module, calls, functions, modules

JOBS = ("run_sync", "load_feed", "look_at_source", "send_invitation", "find_duplicates", "follow_book")


def _jobs() -> Module:
    return next(module for module in modules() if module.name == "tasks.jobs")


def test_jobs_sent_are_jobs_allowed() -> None:
    from tasks import jobs

    for module in modules():
        for name, call in calls(module):
            if name.endswith("send_after_commit") and isinstance(call.args[0], ast.Constant):
                job = repr(call.args[0].value).strip("'")
                assert hasattr(jobs, job), f"{module.place} sends {job}"


@pytest.mark.parametrize("name", JOBS)
def test_a_job_takes_ids_as_text(name: str) -> None:
    from tasks import jobs

    parameters = inspect.signature(getattr(jobs, name)).parameters.values()
    assert parameters and all(parameter.annotation in (str, "str") for parameter in parameters)


def test_jobs_are_short() -> None:
    for function in functions(_jobs()):
        assert (function.end_lineno or 0) - function.lineno < 15, function.name


def test_nothing_but_the_queue_module_enqueues() -> None:
    wrong = [
        module.place
        for module in modules()
        if any(name.endswith((".enqueue", ".enqueue_call", ".enqueue_in", ".enqueue_at")) for name, _ in calls(module))
        and not module.name.startswith("tasks.")
    ]
    assert wrong == []


def test_nothing_is_pickled() -> None:
    assert [
        m.place for m in modules() if any(n.split(".")[0] in ("pickle", "marshal", "shelve") for n, _ in calls(m))
    ] == []
