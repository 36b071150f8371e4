"""The list of what the portal is made of names every pin and every file, with their hashes."""

from __future__ import annotations

import json
import re
import subprocess
import sys

from portal.runtime import sbom

ROOT = sbom.ROOT


def test_every_pin_is_named_with_its_hashes() -> None:
    made = sbom.document()
    packages = {(one["name"], one["version"]): one for one in made["components"] if one["type"] == "library"}
    lock = (ROOT / "requirements.txt").read_text()
    pins = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", lock, re.MULTILINE)
    assert len(pins) > 40
    assert set(packages) == set(pins)
    assert sum(len(one["hashes"]) for one in packages.values()) == lock.count("--hash=sha256:")
    assert all(one["purl"] == f"pkg:pypi/{name}@{version}" for (name, version), one in packages.items())
    assert packages["psycopg", "3.3.9"]["hashes"]
    assert any("licenses" in one for one in packages.values())


def test_every_file_for_the_browser_is_named() -> None:
    locked = json.loads((ROOT / "static" / "assets.lock.json").read_text())["files"]
    files = {one["name"] for one in sbom.document()["components"] if one["type"] == "file"}
    assert files == {entry["target"] for entry in locked}


def test_it_is_cyclonedx_and_the_same_twice() -> None:
    made = [
        subprocess.run(
            [sys.executable, "-m", "portal.runtime", "sbom"], cwd=ROOT, capture_output=True, check=True
        ).stdout
        for _ in range(2)
    ]
    assert made[0] == made[1]
    told = json.loads(made[0])
    assert (told["bomFormat"], told["specVersion"]) == ("CycloneDX", "1.6")
    refs = [one["bom-ref"] for one in told["components"]]
    assert len(set(refs)) == len(refs) and told["dependencies"][0]["dependsOn"] == refs
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", told["serialNumber"])
