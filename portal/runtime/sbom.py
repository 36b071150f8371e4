"""What the portal is made of, as CycloneDX JSON: every locked requirement with its hashes, every file for the browser.

Made from the lock files alone, so that it is the same wherever it is made; licences are told where the package is
installed.
"""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)(?:\s*;\s*(?P<marker>[^\\]+))?")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def document() -> dict[str, Any]:
    """The whole list."""
    version = _version()
    components = [*_packages(ROOT / "requirements.txt"), *_browser_files(ROOT / "static" / "assets.lock.json")]
    name = {"type": "application", "name": "portal", "version": version, "bom-ref": f"portal@{version}"}
    made = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": name},
        "components": components,
        "dependencies": [{"ref": name["bom-ref"], "dependsOn": [one["bom-ref"] for one in components]}],
    }
    # Of the content, so that two lists are the same exactly where their content is.
    return {**made, "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(made, sort_keys=True))}"}


def _version() -> str:
    """The program's own version, as its project file has it."""
    found = re.search(r'^version = "([^"]+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    return found[1] if found else "0"


def _packages(lock: Path) -> Iterator[dict[str, Any]]:
    for entry in re.split(r"\n(?=\S)", lock.read_text()):
        pin = _PIN.match(entry)
        if pin is None:
            continue
        address = f"pkg:pypi/{pin['name'].lower().replace('_', '-')}@{pin['version']}"
        made: dict[str, Any] = {
            "type": "library",
            "bom-ref": address,
            "name": pin["name"],
            "version": pin["version"],
            "purl": address,
            # One hash for each file in which the registry offers it; any of them is installed, and no other.
            "hashes": [{"alg": "SHA-256", "content": one} for one in _HASH.findall(entry)],
        }
        if pin["marker"]:
            made["properties"] = [{"name": "portal:only-where", "value": pin["marker"].strip()}]
        yield made | _licences(pin["name"], pin["version"])


def _licences(name: str, version: str) -> dict[str, Any]:
    try:
        about = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return {}
    if about["Version"] != version or "License-Expression" not in about:
        return {}
    return {"licenses": [{"expression": about["License-Expression"]}]}


def _browser_files(lock: Path) -> Iterator[dict[str, Any]]:
    for entry in json.loads(lock.read_text())["files"]:
        licence = {"licenses": [{"expression": entry["licence"]}]} if entry.get("licence") else {}
        made = {"type": "file", "bom-ref": entry["target"], "name": entry["target"], "hashes": _sha384(entry["sha384"])}
        yield {**made, "version": str(entry.get("version", "")), **licence}


def _sha384(encoded: str) -> list[dict[str, str]]:
    return [{"alg": "SHA-384", "content": base64.b64decode(encoded).hex()}]


def write() -> None:
    """Print it."""
    print(json.dumps(document(), indent=2))
