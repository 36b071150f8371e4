"""The program's own files, read once and parsed."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Module:
    """One Python file of the program."""

    name: str  # dotted: portal.core.scope
    path: Path
    text: str
    tree: ast.Module

    @property
    def place(self) -> str:
        """The file's path from the project's root."""
        return str(self.path.relative_to(ROOT))

    @property
    def lines(self) -> int:
        return self.text.count("\n")


@cache
def modules() -> tuple[Module, ...]:
    """Every module of portal and tasks, and wsgi."""
    paths = [path for folder in ("portal", "tasks") for path in sorted((ROOT / folder).rglob("*.py"))]
    return tuple(_read(path) for path in [*paths, ROOT / "wsgi.py"])


def _read(path: Path) -> Module:
    text = path.read_text(encoding="utf-8")
    parts = path.relative_to(ROOT).with_suffix("").parts
    return Module(".".join(part for part in parts if part != "__init__"), path, text, ast.parse(text))


def calls(module: Module) -> Iterator[tuple[str, ast.Call]]:
    """Every call in `module` with its dotted name as written ("db.session.commit"; "?" for what is no name)."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            yield dotted(node.func), node


def dotted(node: ast.expr) -> str:
    """`a.b().c` as "a.b().c"; what is neither name, attribute nor call becomes "?"."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.Call):
        return f"{dotted(node.func)}()"
    return "?"


def functions(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of `module`."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@cache
def tracked() -> tuple[Path, ...]:
    """Every file of the project: what git tracks or would, or without git all but what is made again."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    except (OSError, subprocess.CalledProcessError):
        listed = [str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if ".venv" not in path.parts]
    return tuple(path for name in listed if name and (path := ROOT / name).is_file())
