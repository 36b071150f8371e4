"""`python3 -m portal`: begins with nothing installed, and does not depend on the caller's shell."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from portal import __main__ as commands


def _portal(*arguments: str) -> "subprocess.CompletedProcess[str]":
    # -S: without any installed package, as on a bare machine.
    command = [sys.executable, "-S", "-m", "portal", *arguments]
    return subprocess.run(command, cwd=commands.ROOT, capture_output=True, text=True, check=False)


def test_help_needs_nothing_installed_and_lists_every_command() -> None:
    done = _portal("help")
    assert done.returncode == 0
    assert all(f"  {name} " in done.stdout for name in commands.COMMANDS)


def test_an_unknown_command_is_wrong_usage() -> None:
    done = _portal("fly")
    assert done.returncode == 2
    assert "'fly'" in done.stderr


def test_every_line_of_the_makefile_is_a_command_of_ours() -> None:
    makefile = (commands.ROOT / "Makefile").read_text()
    called = set(re.findall(r"python3 -m portal ([a-z-]+)", makefile))
    assert called <= {*commands.COMMANDS, "lock", "clean"}
    assert {"run", "test", "test-deep", "bench", "setup", "lint", "type", "lock", "clean"} <= called
    assert all(line.startswith("\t@") for line in makefile.splitlines() if line.startswith("\t"))


def test_the_callers_environment_is_left_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    given = {
        "PYTHONPATH": "/nowhere",
        "VIRTUAL_ENV": "/nowhere",
        "PIP_REQUIRE_VIRTUALENV": "1",
        "PIP_TARGET": "/nowhere",
        "PIP_FIND_LINKS": "/wheels",
        "PGHOST": "db.example",
        "GUNICORN_CMD_ARGS": "--bind 0.0.0.0",
        "FLASK_DEBUG": "1",
        "PORTAL_DATA": "here",
        "SECRET_KEY": "kept",
    }
    environ = {"PATH": os.environ["PATH"], **given}
    monkeypatch.setattr(os, "environ", environ)
    commands._leave_the_callers_environment()  # the one thing to see here
    assert {name for name in given if name in environ} == {"PIP_FIND_LINKS", "PORTAL_DATA", "SECRET_KEY"}
    assert environ["PORTAL_DATA"] == str(tmp_path / "here")
    assert Path.cwd() == commands.ROOT
