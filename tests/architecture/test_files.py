"""The project's files: locked requirements, and no trace of the machine they were written on."""

from __future__ import annotations

import re

import pytest

from tests.architecture.source import ROOT, tracked

# Spelled so that this file does not find itself.
TRACES = re.compile(
    "|".join(
        [
            r"/work/" + "(shared|main)",
            r"/tmp/" + "(boot|dev|brief)",
            "artifact" + "ory",
            r"nexus" + r"\.",
            r"pypi" + r"\.org|pythonhosted" + r"\.org",
            "--index" + "-url",
            r"index" + r"\.crates|registry" + r"\.npmjs",
        ]
    )
)
# Where browser files come from is said in their lock file, checked by hash.
MAY_NAME_A_HOST = {"static/assets.lock.json"}


@pytest.mark.parametrize("name", ["requirements.txt", "tests/requirements.txt", "tests/scan/requirements.txt"])
def test_requirements_are_locked_with_hashes(name: str) -> None:
    entries = re.split(r"\n(?=\S)", (ROOT / name).read_text())
    packages = [entry for entry in entries if entry.strip() and not entry.startswith("#")]
    assert len(packages) > 20
    assert [
        entry.split()[0] for entry in packages if "==" not in entry.split()[0] or "--hash=sha256:" not in entry
    ] == []


def test_no_file_names_a_registry_or_a_place_of_one_machine() -> None:
    found = []
    for path in tracked():
        place = str(path.relative_to(ROOT))
        if path.suffix in (".woff2", ".png", ".ico", ".xlsx", ".gz") or place in MAY_NAME_A_HOST:
            continue
        hit = TRACES.search(path.read_text(encoding="utf-8", errors="replace"))
        if hit:
            found.append(f"{place}: {hit[0]}")
    assert found == []


def test_people_are_invented() -> None:
    # Addresses end in .example, wherever one stands in the program or its tests.
    address = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
    found = []
    for path in tracked():
        if path.suffix in (".py", ".html", ".toml", ".csv"):
            text = path.read_text(encoding="utf-8", errors="replace")
            real = [name for name in address.findall(text) if not name.lower().endswith((".example", ".invalid"))]
            found += [f"{path.relative_to(ROOT)}: {name}" for name in real]
    assert found == []
