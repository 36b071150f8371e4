"""Small files and short functions; the exceptions are listed with their reason, and the report is printed with -s."""

from __future__ import annotations

import ast
from statistics import median

from tests.architecture.source import functions, modules

LONGEST_FILE = 300
LONGEST_FUNCTION = 40
FILES: dict[str, str] = {}
FUNCTIONS = {
    "portal/connectors/assemble.py:compile_row": "closures over one layout's columns: parts would pass them all on"
}


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the end, without the docstring."""
    documented = ast.get_docstring(node, clean=False)
    return (node.end_lineno or node.lineno) - node.lineno + 1 - (documented.count("\n") + 1 if documented else 0)


def test_files_are_small() -> None:
    sizes = {module.place: module.lines for module in modules() if module.lines}
    print(f"\n{len(sizes)} files, {sum(sizes.values())} lines, median {median(sizes.values()):.0f}")
    for place, lines in sorted(sizes.items(), key=lambda item: -item[1])[:10]:
        print(f"  {lines:4} {place}")
    long = {place for place, lines in sizes.items() if lines > LONGEST_FILE}
    assert long == set(FILES), "list a long file with its reason, or split it; take off what is short again"
    assert median(sizes.values()) <= 100


def test_functions_are_short() -> None:
    lengths = {f"{m.place}:{function.name}": _length(function) for m in modules() for function in functions(m)}
    print(f"\n{len(lengths)} functions, median {median(lengths.values()):.0f} lines")
    for place, lines in sorted(lengths.items(), key=lambda item: -item[1])[:10]:
        print(f"  {lines:4} {place}")
    long = {place for place, lines in lengths.items() if lines > LONGEST_FUNCTION}
    assert long == set(FUNCTIONS), "list a long function with its reason, or split it"
